"""Taking turns: of the tasks that want to change one endpoint or webhook, one goes on and the others wait."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from time import sleep

from airflow_provider_webwork.api.webhooks import Webhook
from airflow_provider_webwork.errors import WebWorkBusyError, WebWorkLogUnavailableError
from airflow_provider_webwork.events.leases import Leases
from airflow_provider_webwork.lifecycle.settled import WebhooksAPI

log = logging.getLogger(__name__)

LENGTH = timedelta(minutes=2)
"""When the turn of a task that was killed ends. One that lives takes its turn anew before every change."""

_PATIENCE = LENGTH + timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(seconds=5)


class Turn:
    """The right to change something, as long as it is kept."""

    def __init__(self, leases: Leases, subject: str) -> None:
        self._leases = leases
        self._subject = subject
        self._lease = f"webhooks of {subject}"
        self._holder = uuid.uuid4().hex

    def take(self) -> bool:
        """Take the turn if nobody has it, or keep it; return whether it is ours."""
        return self._leases.take(self._lease, self._holder, length=LENGTH)

    def keep(self) -> None:
        """Keep the turn.

        :raises WebWorkBusyError: if it took so long that another task has it now.
        """
        if not self.take():
            raise _busy(self._subject)

    def end(self) -> None:
        """Let the next one begin."""
        self._leases.release(self._lease, self._holder)


@dataclass(frozen=True, kw_only=True)
class Turns:
    """The turns of all tasks that share an event log.

    :param leases: the leases in the event log.
    :param sleep: waits for a number of seconds.
    """

    leases: Leases
    sleep: Callable[[float], None] = sleep

    @contextmanager
    def take(self, subject: str) -> Iterator[Turn]:
        """Wait for the turn, and end it afterwards.

        :param subject: what is to be changed, such as ``endpoint payroll``.
        :raises WebWorkBusyError: if another task does not end its own.
        """
        turn = Turn(self.leases, subject)
        waited, pause = timedelta(), timedelta(seconds=0.5)
        while not turn.take():
            if not waited:
                log.info("Another task is at work on %s; waiting for it.", subject)
            if waited >= _PATIENCE:
                raise _busy(subject)
            self.sleep(pause.total_seconds())
            waited, pause = waited + pause, min(2 * pause, _LONGEST_PAUSE)
        try:
            yield turn
        finally:
            with suppress(WebWorkLogUnavailableError):  # it then ends by itself
                turn.end()


@dataclass(frozen=True)
class InTurn:
    """The webhooks of a workspace, changed only while it is our turn."""

    webhooks: WebhooksAPI
    turn: Turn

    def list(self) -> Iterable[Webhook]:
        """Yield every webhook of the workspace."""
        return self.webhooks.list()

    def get(self, webhook_id: str) -> Webhook:
        """Return one webhook."""
        return self.webhooks.get(webhook_id)

    def create(self, *, url: str, events: Sequence[str]) -> Webhook:
        """Register a webhook."""
        self.turn.keep()
        return self.webhooks.create(url=url, events=events)

    def update(self, webhook_id: str, *, url: str, events: Sequence[str]) -> None:
        """Change a webhook."""
        self.turn.keep()
        self.webhooks.update(webhook_id, url=url, events=events)

    def delete(self, webhook_id: str) -> None:
        """Remove a webhook."""
        self.turn.keep()
        self.webhooks.delete(webhook_id)


def _busy(subject: str) -> WebWorkBusyError:
    return WebWorkBusyError(f"Another task is at work on {subject}. Nothing was changed since; try again.")
