"""`airflow webwork db ...`"""

from __future__ import annotations

from argparse import Namespace

from airflow_provider_webwork.cli.run import command
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.hooks.events import WebWorkEventsHook


@command
def upgrade(args: Namespace) -> None:
    """Bring the event log to the schema of this version."""
    store = WebWorkEventsHook().store
    store.upgrade()
    _show(store)


@command
def current(args: Namespace) -> None:
    """Print the schema revision of the event log."""
    _show(WebWorkEventsHook().store)


@command
def check(args: Namespace) -> None:
    """End with exit code 1 unless the event log can be read and has the schema of this version."""
    store = Store(WebWorkEventsHook().settings.log_url, auto_upgrade=False)
    with store.read():
        _show(store)


def _show(store: Store) -> None:
    revision = store.revision()
    state = "is empty" if revision is None else f"has schema revision {revision}"
    print(f"The event log {store.name} {state}.")
