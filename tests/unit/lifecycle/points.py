"""The points at which a try can end: every request to WebWork and every write to the event log.

A try runs once undisturbed to count them, and then once for each of them and each way to end there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, get_args

import requests

from airflow_provider_webwork.errors import WebWorkLogUnavailableError

Way = Literal[
    "fails before",
    "fails after",
    "fails before, and for good",
    "fails after, and for good",
    "killed before",
    "killed after",
]
"""Whether the effect takes place, and whether the process survives it."""

WAYS = get_args(Way)


class Killed(BaseException):
    """The process is gone: nothing catches it, and what it would have done on its way out has no effect."""


@dataclass
class Points:
    """Ends a try at one of its points, and has a look at the world after every effect.

    :param look: called after every effect.
    :param at: the number of the point, from 1; at none if 0.
    """

    look: Callable[[], None]
    at: int = 0
    way: Way = "fails before"
    seen: list[str] = field(default_factory=list)
    _dead: bool = False
    _away: str = ""

    @contextmanager
    def installed(self, workspace) -> Iterator[Points]:
        """Meet every request and write of a workspace."""
        session, store = workspace.client.session, workspace.store
        send, write = session.send, store.write

        def sending(request, **options):
            with self._point("WebWork", f"{request.method}", requests.ConnectionError("The connection is lost.")):
                return send(request, **options)

        @contextmanager
        def writing(**options):
            with (
                self._point("the log", "write", WebWorkLogUnavailableError("The log is away.")),
                write(**options) as connection,
            ):
                yield connection

        session.send, store.write = sending, writing
        try:
            yield self
        finally:
            session.send, store.write = send, write

    @contextmanager
    def _point(self, side: str, name: str, failure: Exception) -> Iterator[None]:
        if self._dead:
            raise Killed
        if self._away == side:
            raise failure
        self.seen.append(f"{side}: {name}")
        ends = len(self.seen) == self.at
        if ends and "before" in self.way:
            self._end(side, failure)
        yield
        self.look()
        if ends:
            self._end(side, failure)

    def _end(self, side: str, failure: Exception) -> None:
        if self.way.startswith("killed"):
            self._dead = True
            raise Killed
        if self.way.endswith("for good"):
            self._away = side
        raise failure
