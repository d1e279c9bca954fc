"""Parsing again what could not be understood when it arrived: after an upgrade, or once its endpoint says more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.events.event import Event, seq_of
from airflow_provider_webwork.events.log import Arrival
from airflow_provider_webwork.events.problems import Problems
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.parse import parse

CONTENT_TYPES = ("application/json", "application/x-www-form-urlencoded")
"""What a body is tried as: the log does not keep what its delivery called it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reparsed:
    """What came of it.

    :param problems: how many events with a problem were looked at.
    :param solved: how many of them are understood now.
    :param events: how many new events they told.
    :param repeated: how many they told that were in the log already.
    """

    problems: int
    solved: int
    events: int
    repeated: int


def reparse(store: Store, endpoints: Iterable[Endpoint]) -> Reparsed:
    """Parse every delivery with a problem again, and append the events that it tells.

    The event with the problem stays as it is; the new ones name it in ``reparsed_from`` and were received when it
    was. Each is solved once, however often and by how many this is run.

    :param endpoints: those that there are now; of others the usual places are looked at.
    :raises WebWorkLogUnavailableError: if the log cannot be written right now; run it again, it goes on there.
    """
    problems, known = Problems(store), {endpoint.name: endpoint for endpoint in endpoints}
    looked_at = solved = events = repeated = after = 0
    while page := problems.page(after):
        for event in page:
            after = seq_of(event)
            looked_at += 1
            arrivals = _understood(event, _endpoint(event, known))
            stored = problems.solve(after, arrivals) if arrivals else None
            if stored is not None:
                solved += 1
                repeated += sum(place.repeated for place in stored)
                events += sum(not place.repeated for place in stored)
    return Reparsed(problems=looked_at, solved=solved, events=events, repeated=repeated)


def _understood(event: Event, endpoint: Endpoint) -> list[Arrival] | None:
    """Return what the body of an event tells, if any of it is understood now."""
    for content_type in CONTENT_TYPES:
        arrivals = parse(
            event.raw or b"",
            content_type,
            endpoint=endpoint,
            received_at=event.received_at,
            key="",
            proof=event.proof,
        )
        if any(arrival.event.problem is None for arrival in arrivals):
            return [_from(event, arrival) for arrival in arrivals]
    return None


def _from(origin: Event, arrival: Arrival) -> Arrival:
    event = arrival.event._replace(synthetic=origin.synthetic, reparsed_from=origin.seq)
    return Arrival(event, arrival.identity)


def _endpoint(event: Event, known: dict[str, Endpoint]) -> Endpoint:
    name = event.endpoint or ""
    if name in known:
        return known[name]
    return Endpoint(name=name, state="active", created_at=event.received_at, workspace_id=event.workspace_id)
