"""Telling webhooks of events: real HTTP requests from worker threads, tried again a bounded number of times."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

import requests
import urllib3

from airflow_provider_webwork.simulator.data.webhooks import Webhook
from airflow_provider_webwork.simulator.shape import DeliveryShape, Event, encode


@dataclass(frozen=True, kw_only=True)
class DeliveryPolicy:
    """How hard the simulator tries. WebWork documents no retries, no time-out and no order: all of it is made up.

    :param attempts: deliveries of one event to one webhook, at most.
    :param backoff: seconds before the second attempt; doubled before each further one.
    :param max_backoff: the longest wait between two attempts, in seconds.
    :param timeout: seconds that a receiver may take to connect, and again to answer.
    :param workers: threads; with more than one, deliveries may arrive in another order than their events.
    """

    attempts: int = 5
    backoff: float = 0.5
    max_backoff: float = 30.0
    timeout: float = 10.0
    workers: int = 4

    def __post_init__(self) -> None:
        """Check the values.

        :raises ValueError: if nothing would be sent, or a time is negative.
        """
        if self.attempts < 1 or self.workers < 1:
            raise ValueError("attempts and workers must be at least 1.")
        if self.backoff < 0 or self.max_backoff < 0 or self.timeout <= 0:
            raise ValueError("backoff and max_backoff must not be negative, timeout must be positive.")

    def wait_after(self, attempt: int) -> float:
        """Return the seconds between a failed attempt (the first is 1) and the next one."""
        return min(self.max_backoff, self.backoff * 2.0 ** min(attempt - 1, 60))


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One request that was made: to whom, of what, which attempt it was (from 1), and the answer.

    ``status`` is ``None`` if there was no answer; ``error`` then names the kind of failure.
    """

    event_id: str
    event_type: str
    webhook_id: str
    url: str
    attempt: int
    status: int | None
    error: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether the receiver took it (2xx)."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, order=True)
class _Turn:
    due: float
    number: int
    event: Event = field(compare=False)
    webhook_id: str = field(compare=False)
    attempt: int = field(compare=False, default=1)


class Deliveries:
    """The deliveries that are due, and the log of those made.

    A delivery goes to the URL and with the token that its webhook has when it is sent; if the webhook was deleted
    meanwhile, it is dropped.

    :param find_webhook: the webhook of an id, or ``None`` once it is deleted; called from the worker threads.
    :param now: the clock for signatures.
    """

    def __init__(
        self,
        *,
        shape: DeliveryShape,
        policy: DeliveryPolicy,
        find_webhook: Callable[[str], Webhook | None],
        now: Callable[[], datetime],
    ) -> None:
        self._shape = shape
        self._policy = policy
        self._find_webhook = find_webhook
        self._now = now
        self._changed = threading.Condition()
        self._due: list[_Turn] = []
        self._log: list[Delivery] = []
        self._numbered = 0
        self._forgotten = 0
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the worker threads."""
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work, name=f"webwork-delivery-{number}", daemon=True)
            for number in range(self._policy.workers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Drop what is due and end the threads; a request under way is waited for, at most for its time-outs."""
        with self._changed:
            self._stopping = True
            self._due.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=2 * self._policy.timeout + 1)
        self._threads = []

    def send(self, event: Event, *, webhook_ids: Iterable[str]) -> None:
        """Queue one delivery of an event to each webhook."""
        with self._changed:
            for webhook_id in webhook_ids:
                self._numbered += 1
                turn = _Turn(due=time.monotonic(), number=self._numbered, event=event, webhook_id=webhook_id)
                heapq.heappush(self._due, turn)
            self._changed.notify_all()

    def log(self) -> tuple[Delivery, ...]:
        """Return every delivery made so far, in the order of their answers."""
        with self._changed:
            return tuple(self._log)

    def wait_for(self, count: int, *, timeout: float, accepted_only: bool = False) -> tuple[Delivery, ...]:
        """Wait until so many deliveries have been made, and return them.

        :raises TimeoutError: if there are fewer after ``timeout`` seconds.
        """

        def made() -> tuple[Delivery, ...]:
            return tuple(delivery for delivery in self._log if delivery.accepted or not accepted_only)

        with self._changed:
            if self._changed.wait_for(lambda: len(made()) >= count, timeout):
                return made()
            wanted = "accepted deliveries" if accepted_only else "deliveries"
            raise TimeoutError(
                f"{len(made())} of {count} {wanted} after {timeout:g} s; statuses of all so far: "
                f"{[delivery.status or delivery.error for delivery in self._log]}."
            )

    def clear(self) -> None:
        """Forget the log and what is due; a request under way is neither logged nor tried again."""
        with self._changed:
            self._due.clear()
            self._log.clear()
            self._forgotten = self._numbered

    def _work(self) -> None:
        with requests.Session() as session:
            # Neither a proxy nor a .netrc of the machine has a say in what the receiver sees.
            session.trust_env = False
            while (turn := self._next()) is not None:
                webhook = self._find_webhook(turn.webhook_id)
                if webhook is not None:
                    self._settle(turn, self._deliver(session, turn, webhook))

    def _next(self) -> _Turn | None:
        with self._changed:
            while not self._stopping:
                wait = self._due[0].due - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)
                self._changed.wait(wait)
            return None

    def _deliver(self, session: requests.Session, turn: _Turn, webhook: Webhook) -> Delivery:
        wire = encode(turn.event, shape=self._shape, token=webhook.token, sent_at=self._now())
        unanswered = Delivery(
            event_id=turn.event.id,
            event_type=turn.event.type,
            webhook_id=webhook.id,
            url=webhook.url,
            attempt=turn.attempt,
            status=None,
        )
        # A kept connection that its receiver closed meanwhile would fail for a reason that no test asked for.
        headers = {**wire.headers, "User-Agent": "webwork-simulator", "Connection": "close"}
        try:
            with session.post(
                webhook.url,
                data=wire.body,
                headers=headers,
                timeout=self._policy.timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return replace(unanswered, status=answer.status_code)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            # The second kind passes through requests unwrapped for a host name that cannot be looked up.
            return replace(unanswered, error=type(error).__name__)

    def _settle(self, turn: _Turn, delivery: Delivery) -> None:
        with self._changed:
            if turn.number <= self._forgotten:
                return
            self._log.append(delivery)
            if not delivery.accepted and turn.attempt < self._policy.attempts and not self._stopping:
                due = time.monotonic() + self._policy.wait_after(turn.attempt)
                heapq.heappush(self._due, replace(turn, due=due, attempt=turn.attempt + 1))
            self._changed.notify_all()
