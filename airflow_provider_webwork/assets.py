"""Assets that start Dags when events wait for a consumer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from airflow.sdk import Asset, AssetWatcher

from airflow_provider_webwork.events.match import Match
from airflow_provider_webwork.events.names import checked_name
from airflow_provider_webwork.events.subscription import Subscription
from airflow_provider_webwork.triggers.consumers import WebWorkConsumerTrigger

_PREFIX = "webwork_"


def webwork_events(
    consumer: str,
    *,
    types: Sequence[str] | None = None,
    match: Match | None = None,
    start: Literal["now", "beginning"] | datetime = "now",
) -> Asset:
    """Return the asset that starts Dags as long as events wait for a consumer.

    The event of the asset carries no data, it only wakes: a task claims what waits. Declared in several Dag files it
    is the same asset, as long as the arguments are the same; it can be combined with others by ``&`` and ``|``.

    .. code-block:: python

        payroll = webwork_events("payroll", types=["tracker.stopped"])


        @dag(schedule=[payroll])
        def book_hours():
            claimed = WebWorkClaimEventsOperator(task_id="claim", consumer=payroll)
            book.expand(event=claimed.output)

    :param consumer: the name of the consumer. Names are global: put your team in front.
    :param types: names of events, exact or with a trailing ``*`` such as ``tracker.*``; all if not given.
    :param match: dotted paths into the event and the values they must have, such as ``{"user_id": [7, 8]}``.
    :param start: where the consumer begins if there is none of this name yet: with the events that come from ``now``
        on, at the ``beginning`` of the log, or with what was received from a time on.
    :raises ValueError: if an argument is not usable.
    """
    trigger = WebWorkConsumerTrigger(consumer=consumer, types=types, match=match, start=start)
    return Asset(
        name=f"{_PREFIX}{consumer}",
        uri=f"webwork://consumer/{consumer}",
        watchers=[AssetWatcher(name=f"{_PREFIX}{consumer}", trigger=trigger)],
    )


def asked_of(consumer: str | Asset) -> str | Subscription:
    """Return what a Dag asks of a consumer that it names, or gives the asset of.

    An asset that only repeats the name of one, without its watcher, asks for nothing in particular.

    :raises ValueError: if it is neither.
    """
    if isinstance(consumer, Asset):
        for watcher in consumer.watchers:
            if isinstance(watcher.trigger, WebWorkConsumerTrigger):
                return watcher.trigger.subscription
        if consumer.name.startswith(_PREFIX):
            return checked_name(consumer.name.removeprefix(_PREFIX), of="consumer")
        msg = f"consumer: the asset {consumer.name!r} is not one that webwork_events() made."
        raise ValueError(msg)
    return checked_name(consumer, of="consumer")
