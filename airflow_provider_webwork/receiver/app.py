"""The receiver as an ASGI application: on its own, or mounted under a path of another application.

Raw ASGI, because a web framework would take most of the time that a delivery needs.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from airflow_provider_webwork import __version__
from airflow_provider_webwork.config import Settings
from airflow_provider_webwork.errors import WebWorkError
from airflow_provider_webwork.events import marks, receivers
from airflow_provider_webwork.events.append import Appender
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.event import Event
from airflow_provider_webwork.events.log import Arrival, EventLog, Stored
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.receiver.admission import Door
from airflow_provider_webwork.receiver.answers import Answer, answer, not_found, send_answer, unavailable, unproven
from airflow_provider_webwork.receiver.asgi import Receive, Scope, Send, header
from airflow_provider_webwork.receiver.directory import Directory
from airflow_provider_webwork.receiver.hidden import take_path
from airflow_provider_webwork.receiver.outage import Outage
from airflow_provider_webwork.receiver.parse import parse
from airflow_provider_webwork.receiver.proofs.proof import Delivery
from airflow_provider_webwork.receiver.sightings import Sightings
from airflow_provider_webwork.receiver.upkeep import Upkeep
from airflow_provider_webwork.receiver.upload import UploadError, read_body, refuse_announced
from airflow_provider_webwork.secrets import Vault, hash_key

log = logging.getLogger(__name__)

LOCK_SECONDS = 5.0
"""WebWork does not say how long it waits for an answer; other senders of webhooks give up after 5 to 30 seconds."""

_HOOKS = "/hooks/"
_MARK = marks.HEADER.lower().encode()
_METHODS = ("GET", "HEAD", "POST")
_LIVE = "/health/live"
_HEALTH = (_LIVE, "/health/ready")

_OK = answer(200, {"status": "ok"}, reason="health")
_PROBED = answer(200, {"status": "ok"}, reason="probe")
_MARKED = answer(200, {"status": "marked"}, reason="marked")
_WRONG_METHOD = answer(
    405, {"error": "Deliveries come by POST."}, reason="wrong_method", headers={"Allow": ", ".join(_METHODS)}
)


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


class Receiver:
    """Takes deliveries at ``POST /hooks/{key}`` and answers 2xx only for what is durably in the event log.

    It needs :meth:`start` and :meth:`stop`, which ASGI servers call through the lifespan; an application that mounts
    it calls them itself. Nothing runs before that, so it may be made before a server forks.

    :param settings: the options of the receiver.
    :param log_url: the event log that it stores to.
    :param lock_timeout: seconds that deliveries wait while another process writes to the log, before they get 503.
    :param now: the clock for arrival times and expiring keys.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        log_url: str,
        lock_timeout: float = LOCK_SECONDS,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._settings = settings
        self._now = now
        self._store = Store(log_url, lock_timeout=lock_timeout, auto_upgrade=settings.auto_upgrade)
        self._vault = Vault(settings.secret_keys)
        endpoints = Endpoints(self._store, self._vault)
        self._directory = Directory(endpoints.list, now=now)
        self._door = Door()
        self._sightings = Sightings(record=endpoints.record, beat=self._beat, now=now)
        self._upkeep = Upkeep(
            self._store,
            retention=timedelta(days=settings.retention),
            consumer_expiry=timedelta(days=settings.consumer_expiry),
            now=now,
        )
        self._appender: Appender | None = None
        self._outage = Outage("Deliveries are answered with 503")
        self._started_at = now()
        self._outcomes: Counter[str] = Counter()

    @property
    def outcomes(self) -> Counter[str]:
        """How many deliveries and probes were answered for which reason."""
        return self._outcomes

    async def start(self) -> None:
        """Start taking deliveries. An event log that is away is no error: deliveries get 503 until it is back."""
        self._started_at = self._now()
        self._appender = Appender(EventLog(self._store).append, capacity=self._settings.receiver_queue)
        await self._directory.start()
        await self._sightings.start()
        self._upkeep.start(_name())

    async def stop(self) -> None:
        """Store what waits, then stop; deliveries that come later get 503."""
        appender, self._appender = self._appender, None
        if appender is not None:
            await asyncio.to_thread(appender.close)
        await self._directory.stop()
        await self._sightings.stop()
        await asyncio.to_thread(self._upkeep.stop)
        await asyncio.to_thread(self._store.close)
        if self._outcomes:
            log.info("Answered %s", ", ".join(f"{count} {reason}" for reason, count in self._outcomes.most_common()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or the lifespan of a server."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        path = take_path(scope)
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        given = await self._answer(scope, receive, path)
        self._outcomes[given.reason] += 1
        log.debug("%s %s", given.status, given.reason)
        await send_answer(scope, send, given)

    async def _answer(self, scope: Scope, receive: Receive, path: str) -> Answer:
        if path in _HEALTH:
            return self._health(path)
        key = path.removeprefix(_HOOKS)
        if not path.startswith(_HOOKS) or not key or "/" in key:
            return not_found("no_such_path")
        if scope["method"] not in _METHODS:
            return _WRONG_METHOD
        try:
            return await (self._delivery(scope, receive, key) if scope["method"] == "POST" else self._probe(key))
        except UploadError as refusal:
            return refusal.answer
        except WebWorkError as error:
            self._outage.failed(error)
            return unavailable("log_unavailable", retry_after=2)

    def _health(self, path: str) -> Answer:
        ready = self._appender is not None and self._directory.works and self._sightings.works
        return _OK if ready or path == _LIVE else unavailable("not_ready", retry_after=1)

    async def _delivery(self, scope: Scope, receive: Receive, key: str) -> Answer:
        received_at = self._now()
        limit = self._settings.receiver_max_body
        refuse_announced(scope, limit=limit)
        endpoint = await self._directory.find(key)
        if endpoint is None:
            return not_found("unknown_key")
        body = await read_body(receive, limit=limit, seconds=self._settings.receiver_body_timeout)
        if self._appender is None:
            return unavailable("stopping", retry_after=2)
        if (mark := header(scope, _MARK)) and marks.is_mark(mark, self._vault, key=key, now=received_at):
            self._sightings.marked(endpoint.name, at=received_at)
            return _MARKED
        delivery = Delivery(headers=scope["headers"], body=body, received_at=received_at)
        admission = self._door.admit(endpoint, delivery, key_hash=hash_key(key))
        self._sightings.tried(endpoint.name, admission.tried, at=received_at)
        if admission.refused is not None:
            log.warning("A delivery to endpoint %s was refused: its proof is %s", endpoint.name, admission.refused)
            return unproven(f"proof_{admission.refused}")
        arrivals = parse(
            body,
            header(scope, b"content-type"),
            endpoint=endpoint,
            received_at=received_at,
            key=key,
            proof=admission.proof,
            headers=scope["headers"],
            sender_id=admission.sender_id,
        )
        stored = await asyncio.wrap_future(self._appender.submit(*arrivals))
        self._outage.worked()
        self._sightings.delivery(endpoint.name, at=received_at)
        return _stored(arrivals, stored)

    async def _probe(self, key: str) -> Answer:
        endpoint = await self._directory.find(key)
        if endpoint is None:
            return not_found("unknown_key")
        self._sightings.probe(endpoint.name, at=self._now())
        return _PROBED

    def _beat(self, now: datetime) -> None:
        receivers.Receivers(self._store).beat(
            receivers.Receiver(
                name=_name(),
                version=__version__,
                started_at=self._started_at,
                seen_at=now,
            )
        )

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})


def _name() -> str:
    return f"{socket.gethostname()}/{os.getpid()}"


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
