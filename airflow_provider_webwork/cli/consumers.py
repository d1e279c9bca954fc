"""`airflow webwork consumers ...`"""

from __future__ import annotations

from argparse import Namespace

from airflow_provider_webwork.cli.ask import confirmed
from airflow_provider_webwork.cli.run import actor, command
from airflow_provider_webwork.cli.table import show
from airflow_provider_webwork.cli.values import event_filter, start
from airflow_provider_webwork.events.consumer import Consumer
from airflow_provider_webwork.events.event import time_or_none
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.json_types import JSON


@command
def list_consumers(args: Namespace) -> None:
    """List the consumers with their position and lag."""
    hook = WebWorkEventsHook()
    show([_row(hook, consumer) for consumer in hook.consumers.list()], output=args.output)


@command
def create(args: Namespace) -> None:
    """Make a consumer, or show the one that is there."""
    hook = WebWorkEventsHook()
    wanted = event_filter(args)
    begin = start(args.start)
    if isinstance(begin, int):
        msg = "--start must be now, beginning, a time or an age; `consumers skip` moves to a seq."
        raise ValueError(msg)
    consumer = hook.consumers.create(args.consumer, wanted, start=begin)
    if consumer.wanted != wanted:
        msg = (
            f"Consumer {args.consumer!r} is there already and wants {consumer.wanted.to_json()}. Its Dag changes that "
            "by claiming with another filter."
        )
        raise ValueError(msg)
    show([_row(hook, consumer)], output=args.output)


@command
def rewind(args: Namespace) -> None:
    """Move a consumer back to where events were claimed already."""
    hook = WebWorkEventsHook()
    present = hook.consumers.get(args.consumer)
    if confirmed(args, f"Consumer {args.consumer} at position {present.position} will be given events again."):
        show([_row(hook, hook.consumers.rewind(args.consumer, to=start(args.to), actor=actor()))], output=args.output)


@command
def skip(args: Namespace) -> None:
    """Move a consumer on, past events that it will never be given."""
    hook = WebWorkEventsHook()
    hook.consumers.get(args.consumer)
    lag = hook.claims.lag(args.consumer)
    more = "more than " if lag.at_least else ""
    if confirmed(
        args, f"Consumer {args.consumer} has {more}{lag.events} unclaimed events; those skipped are lost to it."
    ):
        show([_row(hook, hook.consumers.skip(args.consumer, to=start(args.to), actor=actor()))], output=args.output)


@command
def reset(args: Namespace) -> None:
    """Forget the batches of a consumer and begin at the oldest event."""
    hook = WebWorkEventsHook()
    hook.consumers.get(args.consumer)
    if confirmed(args, f"Consumer {args.consumer} will forget its batches and be given every event again."):
        show([_row(hook, hook.consumers.reset(args.consumer, actor=actor()))], output=args.output)


@command
def transfer(args: Namespace) -> None:
    """Give a consumer to another Dag."""
    hook = WebWorkEventsHook()
    show([_row(hook, hook.consumers.transfer(args.consumer, owner=args.dag_id, actor=actor()))], output=args.output)


@command
def delete(args: Namespace) -> None:
    """Forget a consumer."""
    hook = WebWorkEventsHook()
    hook.consumers.get(args.consumer)
    if confirmed(args, f"Consumer {args.consumer} will be forgotten with its batches."):
        hook.consumers.delete(args.consumer, actor=actor())
        print(f"Consumer {args.consumer} is gone.")


def _row(hook: WebWorkEventsHook, consumer: Consumer) -> dict[str, JSON]:
    lag = hook.claims.lag(consumer.name)
    return {
        "consumer": consumer.name,
        "filter": consumer.wanted.to_json(),
        "dag_id": consumer.owner,
        "position": consumer.position,
        "lag": f">{lag.events}" if lag.at_least else lag.events,
        "claims": consumer.claims,
        "claimed_at": time_or_none(consumer.claimed_at),
        "seen_at": time_or_none(consumer.seen_at),
    }
