"""The requests that reached the API and what they were answered, without a single header."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request

from airflow_provider_webwork.simulator.bodies import parse_body
from airflow_provider_webwork.simulator.refusals import RefusedError

_SECRETS = frozenset({"client_secret", "refresh_token"})


@dataclass(frozen=True, kw_only=True)
class LoggedRequest:
    """A request that reached the API.

    ``operation`` is ``None`` for a path that is not simulated; a name that occurs more than once in the query has a
    list of values; ``body`` is the parsed JSON or form, or the text that could not be parsed; ``status`` is ``None`` as
    long as there is no answer, and for ever if a fault let there be none.
    """

    operation: str | None
    method: str
    path: str
    query: Mapping[str, str | list[str]]
    body: Any
    status: int | None = None


class RequestLog:
    """The requests so far, in the order of their arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrived: dict[int, LoggedRequest] = {}
        self._numbered = 0

    def arrived(self, request: Request, raw: bytes, *, operation: str | None, confidential: bool = False) -> int:
        """Note a request and return its number.

        :param confidential: leave out a body that cannot be parsed, as nobody knows what it holds.
        """
        logged = LoggedRequest(
            operation=operation,
            method=request.method,
            path=request.url.path,
            query=_query(request),
            body=_body(request, raw, unknown="***" if confidential else raw.decode(errors="replace")),
        )
        with self._lock:
            self._numbered += 1
            self._arrived[self._numbered] = logged
            return self._numbered

    def answered(self, number: int, status: int) -> None:
        """Note the status of the answer; a request that was forgotten meanwhile stays forgotten."""
        with self._lock:
            if number in self._arrived:
                self._arrived[number] = replace(self._arrived[number], status=status)

    def all(self) -> tuple[LoggedRequest, ...]:
        """Return every request."""
        with self._lock:
            return tuple(self._arrived.values())

    def clear(self) -> None:
        """Forget every request."""
        with self._lock:
            self._arrived.clear()


def _query(request: Request) -> dict[str, str | list[str]]:
    query: dict[str, str | list[str]] = {}
    for name in request.query_params:
        values = request.query_params.getlist(name)
        query[name] = values[0] if len(values) == 1 else values
    return query


def _body(request: Request, raw: bytes, *, unknown: str) -> Any:
    try:
        body = parse_body(raw, content_type=request.headers.get("content-type", ""))
    except RefusedError:
        return unknown
    return {name: "***" if name in _SECRETS else value for name, value in body.items()}
