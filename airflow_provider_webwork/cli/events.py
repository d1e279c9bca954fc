"""`airflow webwork events ...`"""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections import deque
from collections.abc import Iterator

from airflow_provider_webwork.cli.ask import confirmed
from airflow_provider_webwork.cli.escapes import escaped
from airflow_provider_webwork.cli.run import actor, command
from airflow_provider_webwork.cli.table import show
from airflow_provider_webwork.cli.values import age, event_filter, moment, pairs
from airflow_provider_webwork.clock import utc_now
from airflow_provider_webwork.events.by_hand import add_by_hand
from airflow_provider_webwork.events.event import Event, time_text
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.receiver.reparse import reparse


@command
def add(args: Namespace) -> None:
    """Put an event into the log by hand; it is marked as synthetic."""
    event = add_by_hand(WebWorkEventsHook().event_log, args.type, dict(pairs(args.values)), received_at=utc_now())
    print(json.dumps(event.as_dict(), indent=2))


@command
def list_events(args: Namespace) -> None:
    """List the newest events."""
    events = deque(_chosen(args), maxlen=args.limit)
    if args.output == "json":
        print(json.dumps([_whole(event) for event in events], indent=2))
    else:
        show([_row(event) for event in events], output="table")


@command
def show_event(args: Namespace) -> None:
    """Print one event with everything that the log keeps of it."""
    log = WebWorkEventsHook().event_log
    oldest, newest = log.horizon(), log.head()
    # A number beyond them may be too large for the database to be asked about it.
    page = log.page(args.seq - 1, limit=1) if oldest <= args.seq <= newest else []
    if not page or page[0].seq != args.seq:
        msg = f"There is no event {args.seq} in the log; it holds {oldest} to {newest}."
        raise ValueError(msg)
    print(json.dumps(_whole(page[0]) | {"identity": log.identity_source(args.seq)}, indent=2))


@command
def export(args: Namespace) -> None:
    """Write events to standard output as JSON Lines."""
    for event in _chosen(args):
        sys.stdout.write(json.dumps(event.as_dict()) + "\n")


@command
def tail(args: Namespace) -> None:
    """Print events as they are stored, until interrupted."""
    hook, wanted = WebWorkEventsHook(), event_filter(args)
    position = hook.event_log.head()
    while True:
        for event in hook.event_log.read(None, after=position):
            position = event.seq or position
            if event.problem is not None if args.problems else wanted.matches(event):
                print(json.dumps(_whole(event)) if args.output == "json" else _line(event), flush=True)
        time.sleep(hook.settings.poll_interval)


@command
def reparse_problems(args: Namespace) -> None:
    """Parse again what could not be understood."""
    hook = WebWorkEventsHook()
    done = reparse(hook.store, hook.endpoints.list())
    print(
        f"Understood {done.solved} of {done.problems} deliveries with a problem: {done.events} new events, "
        f"{done.repeated} that were in the log already."
    )


@command
def prune(args: Namespace) -> None:
    """Remove old events."""
    older_than = None if args.older_than is None else age(args.older_than)
    if args.even_unclaimed and not confirmed(
        args, "Events that consumers have not claimed yet, or only lately, will be removed."
    ):
        return
    done = WebWorkEventsHook().prune(older_than=older_than, even_unclaimed=args.even_unclaimed)
    print(f"Removed {done.events} events; the oldest one left is {done.oldest}.")
    if done.held_by is not None:
        print(f"Consumer {done.held_by} still needs what comes next, so it stays.")


@command
def erase(args: Namespace) -> None:
    """Remove what the log knows of a person."""
    if confirmed(args, f"The payloads of all events of user {args.user} will be gone for good."):
        erased = WebWorkEventsHook().retention.erase(args.user, actor=actor())
        print(f"Emptied {erased} events.")


def _chosen(args: Namespace) -> Iterator[Event]:
    log, wanted = WebWorkEventsHook().event_log, event_filter(args)
    since = None if args.since is None else moment(args.since)
    until = None if args.until is None else moment(args.until)
    for event in log.received(None if args.problems else wanted, since=since, until=until):
        if event.problem is not None or not args.problems:
            yield event


def _row(event: Event) -> dict[str, JSON]:
    return {
        "seq": event.seq,
        "received_at": time_text(event.received_at),
        "type": event.type,
        "user_id": event.user_id,
        "endpoint": event.endpoint,
        "proof": event.proof,
        "problem": event.problem,
    }


def _whole(event: Event) -> dict[str, JSON]:
    raw = None if event.raw is None else event.raw.decode("utf-8", "backslashreplace")
    kept = {"proof": event.proof, "problem": event.problem, "reparsed_from": event.reparsed_from, "raw": raw}
    return event.as_dict() | kept


def _line(event: Event) -> str:
    about = event.problem or json.dumps(event.data)
    return escaped(f"{event.seq:>8}  {time_text(event.received_at)}  {event.type}  {about}")
