"""The way of a delivery once it has come in whole: admitted, parsed, taken, answered."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from airflow_provider_webwork.events import marks
from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.events.event import Event
from airflow_provider_webwork.events.log import Arrival, Stored
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.receiver.admission import Door
from airflow_provider_webwork.receiver.answers import Answer, answer, unproven
from airflow_provider_webwork.receiver.asgi import header
from airflow_provider_webwork.receiver.intake import Intake
from airflow_provider_webwork.receiver.parse import parse
from airflow_provider_webwork.receiver.proofs.proof import Delivery
from airflow_provider_webwork.receiver.sightings import Sightings
from airflow_provider_webwork.receiver.watch import Request, Watch
from airflow_provider_webwork.secrets import Vault, hash_key

log = logging.getLogger(__name__)

_MARK = marks.HEADER.lower().encode()

_MARKED = answer(200, {"status": "marked"}, reason="marked")
_SPOOLED = answer(202, {"spooled": True}, reason="spooled")


class Reception:
    """Takes deliveries that came with a key of their endpoint.

    :param intake: where the events go that they tell.
    :param vault: tells our own deliveries from those of others.
    :param sightings: told what was seen of each endpoint.
    :param watch: told who was heard of.
    """

    def __init__(self, intake: Intake, *, vault: Vault, sightings: Sightings, watch: Watch) -> None:
        self._intake = intake
        self._vault = vault
        self._sightings = sightings
        self._watch = watch
        self._door = Door()

    async def take(self, delivery: Delivery, request: Request, *, endpoint: Endpoint, key: str) -> Answer:
        """Take a delivery, and return what its sender is told.

        :param request: what is measured of it.
        :raises WebWorkError: if its events were stored nowhere.
        """
        received_at = delivery.received_at
        if self._is_ours(delivery, key):
            self._sightings.marked(endpoint.name, at=received_at)
            return _MARKED
        admission = self._door.admit(endpoint, delivery, key_hash=hash_key(key))
        self._sightings.tried(endpoint.name, admission.tried, at=received_at)
        request.proof = admission.proof
        if admission.refused is not None:
            return unproven(f"proof_{admission.refused}")
        arrivals = parse(
            delivery.body,
            header(delivery.headers, b"content-type"),
            endpoint=endpoint,
            received_at=received_at,
            key=key,
            headers=delivery.headers,
            proof=admission.proof,
            sender_id=admission.sender_id,
        )
        taken = await self._intake.take(*arrivals)
        self._sightings.delivery(endpoint.name, at=received_at)
        self._watch.heard(endpoint.name, at=received_at)
        stored = [place for place in taken if isinstance(place, Stored)]
        return _stored(arrivals, stored) if stored else _SPOOLED

    def _is_ours(self, delivery: Delivery, key: str) -> bool:
        mark = header(delivery.headers, _MARK)
        return bool(mark) and marks.is_mark(mark, self._vault, key=key, now=delivery.received_at)


def _stored(arrivals: Sequence[Arrival], stored: Sequence[Stored]) -> Answer:
    told = [_told(arrival.event, place) for arrival, place in zip(arrivals, stored, strict=True)]
    content: dict[str, JSON] = told[0] if len(told) == 1 else {"events": [*told]}
    problems = [number for number, each in enumerate(told) if "problem" in each]
    if problems:
        event, place = arrivals[problems[0]].event, stored[problems[0]]
        log.warning(
            "A delivery to endpoint %s has %s events with a problem; event %s: %s",
            event.endpoint,
            len(problems),
            place.seq,
            event.problem,
        )
        return answer(202, content, reason="problem")
    return answer(200, content, reason="repeated" if all(place.repeated for place in stored) else "stored")


def _told(event: Event, place: Stored) -> dict[str, JSON]:
    said: dict[str, JSON] = {"event_id": place.event_id}
    if place.repeated:
        said["repeated"] = True
    if event.problem is not None:
        said["problem"] = event.problem
    return said
