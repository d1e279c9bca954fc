"""The receiver as an ASGI application: on its own, or mounted under a path of another application.

Raw ASGI, because a web framework would take most of the time that a delivery needs.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from time import perf_counter

from airflow_provider_webwork import __version__
from airflow_provider_webwork.clock import utc_now
from airflow_provider_webwork.config import Settings
from airflow_provider_webwork.errors import WebWorkError, WebWorkLogUnavailableError
from airflow_provider_webwork.events import receivers
from airflow_provider_webwork.events.callbacks import HOOKS
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.answers import Answer, answer, not_found, send_answer, unavailable
from airflow_provider_webwork.receiver.asgi import Receive, Scope, Send, lifespan
from airflow_provider_webwork.receiver.directory import Directory
from airflow_provider_webwork.receiver.health import ALIVE, LIVE, PATHS, Condition, SpoolCondition, readiness
from airflow_provider_webwork.receiver.hidden import take_path
from airflow_provider_webwork.receiver.intake import DirectIntake, Intake
from airflow_provider_webwork.receiver.metrics import Meter, NoMeter
from airflow_provider_webwork.receiver.outage import Outage
from airflow_provider_webwork.receiver.proofs.proof import Delivery
from airflow_provider_webwork.receiver.reception import Reception
from airflow_provider_webwork.receiver.remembered import RememberedEndpoints
from airflow_provider_webwork.receiver.sightings import Sightings
from airflow_provider_webwork.receiver.spool import Spool
from airflow_provider_webwork.receiver.spooling import SpoolingIntake
from airflow_provider_webwork.receiver.upkeep import Upkeep
from airflow_provider_webwork.receiver.upload import UploadError, Uploads, refuse_announced
from airflow_provider_webwork.receiver.watch import Request, Watch
from airflow_provider_webwork.secrets import Vault

log = logging.getLogger(__name__)

LOCK_SECONDS = 5.0
"""WebWork does not say how long it waits for an answer; other senders of webhooks give up after 5 to 30 seconds."""

_METHODS = ("GET", "HEAD", "POST")

_PROBED = answer(200, {"status": "ok"}, reason="probe")
_WRONG_METHOD = answer(
    405, {"error": "Deliveries come by POST."}, reason="wrong_method", headers={"Allow": ", ".join(_METHODS)}
)


class Receiver:
    """Takes deliveries at ``POST /hooks/{key}`` and answers 2xx only for what is durably in the event log or the spool.

    It needs :meth:`start` and :meth:`stop`, which ASGI servers call through the lifespan; an application that mounts
    it calls them itself. Nothing runs before that, so it may be made before a server forks.

    :param settings: the options of the receiver.
    :param log_url: the event log that it stores to.
    :param spool: where deliveries wait while the event log is away, open; without it they get 503 then.
    :param meter: told all measures.
    :param lock_timeout: seconds that deliveries wait while another process writes to the log, before they get 503.
    :param now: the clock for arrival times and expiring keys.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        log_url: str,
        spool: Spool | None = None,
        meter: Meter | None = None,
        lock_timeout: float = LOCK_SECONDS,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._settings = settings
        self._now = now
        self._store = Store(log_url, lock_timeout=lock_timeout, auto_upgrade=settings.auto_upgrade)
        self._spool = spool
        self._meter = meter or NoMeter()
        self._vault = Vault(settings.secret_keys)
        endpoints = Endpoints(self._store, self._vault)
        if spool is None:
            self._directory = Directory(endpoints.list, now=now)
        else:
            remembered = RememberedEndpoints(self._store, spool.store, self._vault)
            self._directory = Directory(remembered.load, recall=remembered.recall, now=now)
        self._sightings = Sightings(record=endpoints.record, beat=self._beat, now=now)
        self._upkeep = Upkeep(
            self._store,
            retention=timedelta(days=settings.retention),
            consumer_expiry=timedelta(days=settings.consumer_expiry),
            now=now,
        )
        self._uploads = Uploads(
            largest=settings.receiver_max_body,
            seconds=settings.receiver_body_timeout,
            room=settings.receiver_queue_bytes,
        )
        self._watch = Watch(
            condition=lambda: self.condition,
            endpoints=lambda: self._directory.endpoints,
            spool=spool,
            meter=self._meter,
            now=now,
        )
        self._intake: Intake | None = None
        self._reception: Reception | None = None
        self._outage = Outage("Deliveries are answered with 503")
        self._outcomes: Counter[str] = Counter()

    @property
    def outcomes(self) -> Counter[str]:
        """How many deliveries and probes were answered for which reason."""
        return self._outcomes

    @property
    def condition(self) -> Condition:
        """How the receiver is right now."""
        spool = None
        if self._spool is not None:
            spool = SpoolCondition(
                waiting=self._spool.waiting,
                set_aside=self._spool.set_aside,
                works=self._intake is not None and self._intake.can_spool,
            )
        return Condition(
            runs=self._intake is not None,
            log_works=self._directory.works and self._sightings.works,
            endpoints=len(self._directory.endpoints),
            queue=0 if self._intake is None else self._intake.length,
            spool=spool,
        )

    async def start(self) -> None:
        """Start taking deliveries; while the event log is away, which is no error, they are spooled or get 503."""
        self._intake = self._new_intake()
        self._reception = Reception(self._intake, vault=self._vault, sightings=self._sightings, watch=self._watch)
        await self._directory.start()
        await self._sightings.start()
        self._watch.start()
        self._upkeep.start(_name())

    async def stop(self) -> None:
        """Store what waits, then stop; deliveries that come later get 503."""
        intake, self._intake, self._reception = self._intake, None, None
        if intake is not None:
            await intake.stop()
        await self._watch.stop()
        await self._directory.stop()
        await self._sightings.stop()
        await asyncio.to_thread(self._upkeep.stop)
        await asyncio.to_thread(self._store.close)
        if self._outcomes:
            log.info("Answered %s", ", ".join(f"{count} {reason}" for reason, count in self._outcomes.most_common()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or the lifespan of a server."""
        if scope["type"] == "lifespan":
            await lifespan(receive, send, start=self.start, stop=self.stop)
            return
        path = take_path(scope)
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        request = Request()
        given = await self._answer(scope, receive, path, request)
        self._outcomes[given.reason] += 1
        self._watch.answered(request, given)
        log.debug("%s %s", given.status, given.reason)
        await send_answer(scope, send, given)

    async def _answer(self, scope: Scope, receive: Receive, path: str, request: Request) -> Answer:
        if path in PATHS:
            return ALIVE if path == LIVE else readiness(self.condition)
        key = path.removeprefix(HOOKS)
        if not path.startswith(HOOKS) or not key or "/" in key:
            return not_found("no_such_path")
        if scope["method"] not in _METHODS:
            return _WRONG_METHOD
        try:
            deliver = scope["method"] == "POST"
            return await (self._delivery(scope, receive, key, request) if deliver else self._probe(key))
        except UploadError as refusal:
            return refusal.answer
        except WebWorkError as error:
            self._outage.failed(error)
            away = isinstance(error, WebWorkLogUnavailableError)
            return unavailable("log_unavailable" if away else "not_stored", retry_after=2)

    async def _delivery(self, scope: Scope, receive: Receive, key: str, request: Request) -> Answer:
        request.began = perf_counter()
        received_at = self._now()
        refuse_announced(scope, limit=self._settings.receiver_max_body)
        endpoint = await self._directory.find(key)
        if endpoint is None:
            return not_found("unknown_key")
        request.endpoint = endpoint.name
        body = await self._uploads.read(receive)
        try:
            if self._reception is None:
                return unavailable("stopping", retry_after=2)
            delivery = Delivery(headers=scope["headers"], body=body, received_at=received_at)
            given = await self._reception.take(delivery, request, endpoint=endpoint, key=key)
        finally:
            self._uploads.done(body)
        if given.status < 300:
            self._outage.worked()
        return given

    async def _probe(self, key: str) -> Answer:
        endpoint = await self._directory.find(key)
        if endpoint is None:
            return not_found("unknown_key")
        self._sightings.probe(endpoint.name, at=self._now())
        return _PROBED

    def _new_intake(self) -> Intake:
        event_log, capacity = EventLog(self._store), self._settings.receiver_queue
        if self._spool is None:
            return DirectIntake(event_log, capacity=capacity, meter=self._meter)
        return SpoolingIntake(event_log, self._spool, capacity=capacity, meter=self._meter)

    def _beat(self, now: datetime) -> None:
        receivers.Receivers(self._store).beat(receivers.Receiver(name=_name(), version=__version__, seen_at=now))


def _name() -> str:
    return f"{socket.gethostname()}/{os.getpid()}"
