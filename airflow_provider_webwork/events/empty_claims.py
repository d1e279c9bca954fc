"""Empty claims: which tries of tasks were told that nothing waits, so that no earlier one is given a batch after that.

Airflow gives a task up when it hears nothing of it for a while, or when its scheduler is gone, and tries it again; the
process of the earlier try may still live and go on (``airflow/jobs/scheduler_job_runner.py``,
``adopt_or_reset_orphaned_tasks`` and ``_purge_task_instances_without_heartbeats``). If the later try has nothing to do,
its run ends well, and a batch that the earlier one claims then would be processed by nobody.
"""

from __future__ import annotations

import sqlalchemy as sa

from airflow_provider_webwork.events import schema


def latest(connection: sa.Connection, consumer: str, run_key: str) -> int:
    """Return the last try of a task that was told that nothing waits; 0 if none is written down."""
    table = schema.empty_claim
    mine = sa.and_(table.c.consumer == consumer, table.c.run_key == run_key)
    return connection.scalar(sa.select(table.c.try_number).where(mine)) or 0


def note(connection: sa.Connection, consumer: str, run_key: str, *, try_number: int) -> None:
    """Write down the last try of a task that was told that nothing waits."""
    table = schema.empty_claim
    mine = sa.and_(table.c.consumer == consumer, table.c.run_key == run_key)
    if connection.execute(table.update().where(mine).values(try_number=try_number)).rowcount == 0:
        connection.execute(table.insert().values(consumer=consumer, run_key=run_key, try_number=try_number))
