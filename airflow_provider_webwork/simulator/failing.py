"""Answers that are none, or not what the API documents: what a client meets when a fault strikes."""

from __future__ import annotations

import asyncio
from typing import Protocol

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from airflow_provider_webwork.simulator.faults import Fault

_WEB_PAGE = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Back soon.</body></html>"


class Connections(Protocol):
    """What a failing answer needs of the server that carries it; it is the application's ``state.connections``."""

    closing: asyncio.Event
    """Set as soon as the server begins to stop."""

    def drop(self, client: tuple[str, int]) -> None:
        """Close the connection of a client, after what was already written to it."""


def failing_answer(fault: Fault, real: Response | None) -> ASGIApp:
    """Return what is sent instead of the real answer.

    :param real: the real answer, if the effect has happened.
    """
    if fault.kind == "close":
        return Dropped()
    if fault.kind == "html":
        return HTMLResponse(_WEB_PAGE, status_code=fault.status or 200, headers=fault.headers)
    if fault.kind == "truncated":
        return Truncated(real or _error(fault, status=fault.status or 500))
    return _error(fault, status=fault.status or 503)


class Dropped:
    """No answer: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        """Close the connection and wait until it is closed, so that the server adds no answer of its own."""
        connections: Connections = scope["app"].state.connections
        connections.drop(scope["client"])
        while (await receive())["type"] != "http.disconnect":
            pass


class Truncated:
    """Half an answer: the headers promise the whole body and the connection is closed in its middle."""

    def __init__(self, response: Response) -> None:
        self._response = response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half of the body and close the connection."""
        response = self._response
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        half = bytes(response.body)[: len(response.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await Dropped()(scope, receive, send)


def _error(fault: Fault, *, status: int) -> JSONResponse:
    message = "Too Many Attempts." if status == 429 else "Server Error"
    return JSONResponse(
        {"success": False, "message": message, "error": None}, status_code=status, headers=fault.headers
    )
