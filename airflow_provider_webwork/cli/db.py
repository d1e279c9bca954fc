"""`airflow webwork db ...`"""

from __future__ import annotations

from argparse import Namespace

from airflow_provider_webwork.cli.run import command
from airflow_provider_webwork.hooks.events import WebWorkEventsHook


@command
def upgrade(args: Namespace) -> None:
    """Bring the event log to the schema of this version."""
    store = WebWorkEventsHook().store
    store.upgrade()
    print(f"The event log {store.name} has schema revision {store.revision()}.")


@command
def current(args: Namespace) -> None:
    """Print the schema revision of the event log."""
    store = WebWorkEventsHook().store
    print(f"The event log {store.name} has schema revision {store.revision()}.")
