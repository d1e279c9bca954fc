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
        self.pages = 0

    def add(self, rows: int, *, pages: int = 0, where: str = "") -> None:
        """Count rows.

        :param pages: the pages that they came on.
        :param where: how far it is, in words for the log.
        """
        self.rows += rows
        self.pages += pages
        now = self._monotonic()
        if now - self._said >= _EVERY:
            self._said = now
            read = f" from {self.pages} pages" if self.pages else ""
            self._say("%s %s%s in %.0f s so far%s.", self.rows, self._what, read, now - self._began, where)

    def summary(self, path: str, *, size: int) -> dict[str, JSON]:
        """Say that it is done, and return what the task returns.

        :param path: where the file is.
        :param size: its size in bytes.
        """
        seconds = round(self._monotonic() - self._began, 3)
        self._say("Landed %s %s (%s bytes) at %s in %s s.", self.rows, self._what, size, path, seconds)
        return {"path": path, "rows": self.rows, "bytes": size, "seconds": seconds}
