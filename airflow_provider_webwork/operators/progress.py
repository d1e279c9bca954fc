"""How far an export is: said in the log once a minute, and at the end."""

from __future__ import annotations

import time
from collections.abc import Callable

from airflow_provider_webwork.json_types import JSON

_EVERY = 60.0


class Progress:
    """Counts what was written.

    :param say: logs a text with its arguments.
    :param what: what the rows are.
    :param monotonic: seconds on a clock that never goes back.
    """

    def __init__(
        self,
        say: Callable[..., object],
        *,
        what: str = "rows",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._what = what
        self._monotonic = monotonic
        self._began = self._said = monotonic()
        self.rows = 0

    def add(self, rows: int, *, source: str = "") -> None:
        """Count rows.

        :param source: where they come from, in words for the log.
        """
        self.rows += rows
        now = self._monotonic()
        if now - self._said >= _EVERY:
            self._said = now
            self._say("%s %s in %.0f s so far%s.", self.rows, self._what, now - self._began, source)

    def summary(self, path: str, *, size: int) -> dict[str, JSON]:
        """Say that it is done, and return what the task returns.

        :param path: where the file is.
        :param size: its size in bytes.
        """
        seconds = round(self._monotonic() - self._began, 3)
        self._say("Landed %s %s (%s bytes) at %s in %s s.", self.rows, self._what, size, path, seconds)
        return {"path": path, "rows": self.rows, "bytes": size, "seconds": seconds}
