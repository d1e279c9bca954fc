"""Upkeep of the event log: one of the receivers removes what is old, every hour."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from airflow_provider_webwork.events.leases import Leases
from airflow_provider_webwork.events.retention import Retention
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.outage import Outage

log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
"""How often old events are removed, and for how long a receiver that began with it keeps others from it."""

AGAIN = timedelta(minutes=5)
"""How long a receiver waits that has just started, was not the one, or could not finish."""


class StoppedError(Exception):
    """The receiver stops while old events are being removed; the next prune goes on there."""


class Upkeep:
    """Prunes the event log in a thread of its own, never on the event loop.

    :param retention: the age from which on events are removed.
    :param consumer_expiry: a consumer that was not heard of for so long holds nothing back.
    :param now: tells the time in UTC.
    :param after: when to begin.
    """

    def __init__(
        self,
        store: Store,
        *,
        retention: timedelta,
        consumer_expiry: timedelta,
        now: Callable[[], datetime],
        after: timedelta = AGAIN,
    ) -> None:
        self._leases = Leases(store, now=now)
        self._retention = Retention(store, now=now, sleep=self._pause)
        self._older_than = retention
        self._consumer_expiry = consumer_expiry
        self._after = after
        self._outage = Outage("Old events cannot be removed from the event log")
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, receiver: str) -> None:
        """Start the thread.

        :param receiver: the name of this receiver among those of the log.
        """
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, args=(receiver,), name="webwork-upkeep", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the transaction that is under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, receiver: str) -> None:
        pause = self._after
        while not self._stopping.wait(pause.total_seconds()):
            try:
                pause = EVERY if self._prune(receiver) else AGAIN
                self._outage.worked()
            except StoppedError:
                return
            except Exception as error:  # noqa: BLE001 - whatever broke, the next try may work; giving up would be for good
                self._outage.failed(error)
                pause = AGAIN

    def _prune(self, receiver: str) -> bool:
        if not self._leases.take("prune", receiver, length=EVERY):
            return False
        pruned = self._retention.prune(older_than=self._older_than, consumer_expiry=self._consumer_expiry)
        if pruned.events or pruned.held_by:
            held = f"; consumer {pruned.held_by} keeps it from being removed" if pruned.held_by else ""
            log.info("Removed %s old events; the oldest that is left has seq %s%s.", pruned.events, pruned.oldest, held)
        return True

    def _pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise StoppedError
