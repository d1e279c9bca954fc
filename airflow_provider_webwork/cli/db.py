"""`airflow webwork db ...`"""

from __future__ import annotations

import os
import sys
from argparse import Namespace

from airflow_provider_webwork.cli.run import command
from airflow_provider_webwork.events.copying import copy_log
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


@command
def copy(args: Namespace) -> None:
    """Copy the event log to an empty database, and say what to set next."""
    url = os.environ.get(args.to_variable, "").strip()
    if not url:
        msg = f"Put the URL of the target into the environment variable {args.to_variable}."
        raise ValueError(msg)
    source, target = WebWorkEventsHook().store, Store(url, auto_upgrade=True)
    print(f"Copying {source.name} to {target.name}.")
    counts = copy_log(source, target, progress=_progress)
    print(f"Copied {sum(counts.values())} rows; the counts of all {len(counts)} tables agree.")
    print("Now set [webwork] event_store_url to the target for every process, and start the receivers again.")


def _progress(table: str, done: int, total: int) -> None:
    print(f"  {table}: {done} of {total}", file=sys.stderr)


def _show(store: Store) -> None:
    revision = store.revision()
    state = "is empty" if revision is None else f"has schema revision {revision}"
    print(f"The event log {store.name} {state}.")
