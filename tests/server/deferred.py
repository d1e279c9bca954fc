"""Many deferred sensors: copies of one that waits, put into Airflow's database past Airflow."""

import json
from uuid import UUID, uuid4

import sqlalchemy as sa

from airflow_provider_webwork.triggers.events import WebWorkEventTrigger

DAG = "waiting"
TASK = "wait"
TYPE = "sensed.event"


def defer_one(pipeline):
    """Let Airflow itself defer the sensor of a run, and return the run's id."""
    pipeline.api.unpause(DAG)
    run_id = pipeline.api.trigger(DAG)
    pipeline.wait("the sensor to wait", lambda: states(pipeline).get(run_id) == "deferred", seconds=120)
    return run_id


def defer_many(pipeline, run_id, members, trigger_of):
    """Copy a run that waits, once for each member; return the ids of the runs by member.

    :param trigger_of: makes the trigger of a member.
    """
    tables = sa.MetaData()
    tables.reflect(pipeline.database, only=["dag_run", "task_instance", "trigger"])
    run, task, trigger = (tables.tables[name] for name in ("dag_run", "task_instance", "trigger"))
    with pipeline.database.begin() as connection:
        one = connection.execute(sa.select(run).where(run.c.run_id == run_id)).one()._asdict()
        its_task = connection.execute(sa.select(task).where(task.c.run_id == run_id)).one()._asdict()
        its_trigger = connection.execute(sa.select(trigger).where(trigger.c.id == its_task["trigger_id"])).one()
        runs = {member: f"{run_id}-{member}" for member in members}
        triggers = connection.execute(
            sa.insert(trigger).returning(trigger.c.id, sort_by_parameter_order=True),
            [
                without_id(its_trigger._asdict(), triggerer_id=None, **serialized(trigger_of(member)))
                for member in members
            ],
        ).scalars()
        connection.execute(
            sa.insert(run), [without_id(one, run_id=runs[member], conf={"user_id": member}) for member in members]
        )
        connection.execute(
            sa.insert(task),
            [
                its_task | {"id": another(its_task["id"]), "run_id": runs[member], "trigger_id": trigger_id}
                for member, trigger_id in zip(members, triggers, strict=True)
            ],
        )
    return runs


def states(pipeline):
    """The states of all sensors, by their runs."""
    return dict(pipeline.ask("SELECT run_id, state FROM task_instance WHERE dag_id = :dag", dag=DAG))


def waiting_after(position):
    """Return what makes the trigger of a sensor that looks from a position on."""
    return lambda member: WebWorkEventTrigger(after=position, types=[TYPE], match={"user_id": [str(member)]})


def serialized(trigger):
    """A trigger as a row holds it; Airflow also reads the arguments unencrypted (airflow/models/trigger.py)."""
    classpath, arguments = trigger.serialize()
    return {"classpath": classpath, "kwargs": json.dumps(arguments)}


def without_id(row, **changes):
    return {name: value for name, value in row.items() if name != "id"} | changes


def another(identifier):
    return uuid4() if isinstance(identifier, UUID) else uuid4().hex
