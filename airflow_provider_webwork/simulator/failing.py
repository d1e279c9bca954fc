"""Answers that are none, or not what the API documents: what a client meets when a fault strikes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from airflow_provider_webwork.simulator.faults import Fault

_WEB_PAGE = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Back soon.</body></html>"
_PIECES = 10


class Connections(Protocol):
    """What a failing answer needs of the server that carries it; it is the application's ``state.connections``."""

    closing: asyncio.Event
    """Set as soon as the server begins to stop."""

    def drop(self, client: tuple[str, int]) -> None:
        """Close the connection of a client, after what was already written to it."""


def failing_answer(fault: Fault, effect: Callable[[], Response]) -> ASGIApp:
    """Return what is sent instead of the real answer.

    :param effect: lets the call do what it does, and returns the real answer; called at once for a fault ``after`` the
        effect, late for one that only delays, and else never.
    """
    real = effect() if fault.when == "after" else None
    if fault.kind == "close":
        return Dropped()
    if fault.kind == "hang":
        return Late(fault, (lambda: real) if real else effect)
    if fault.kind == "slow":
        return Slow(real or effect(), seconds=fault.seconds)
    if fault.kind == "truncated":
        return Truncated(real or _error(fault, status=fault.status or 500))
    if fault.kind == "status":
        return _error(fault, status=fault.status or 503)
    return _strange_answer(fault, real)


class Dropped:
    """No answer: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        """Close the connection and wait until it is closed, so that the server adds no answer of its own."""
        connections: Connections = scope["app"].state.connections
        connections.drop(scope["client"])
        while (await receive())["type"] != "http.disconnect":
            pass


class Late:
    """The real answer, after a while; none if the server stops first."""

    def __init__(self, fault: Fault, answer: Callable[[], Response]) -> None:
        self._fault = fault
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, and answer."""
        stopped = await _stopped_within(scope, self._fault.seconds)
        await (Dropped() if stopped else self._answer())(scope, receive, send)


class Slow:
    """The real answer, whose body trickles."""

    def __init__(self, response: Response, *, seconds: float) -> None:
        self._response = response
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the body in pieces; the connection is closed if the server stops first."""
        response, body = self._response, bytes(self._response.body)
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        size = max(1, -(-len(body) // _PIECES))
        for begin in range(0, len(body), size):
            if await _stopped_within(scope, self._seconds / _PIECES):
                await Dropped()(scope, receive, send)
                return
            await send({"type": "http.response.body", "body": body[begin : begin + size], "more_body": True})
        await send({"type": "http.response.body", "body": b""})


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


async def _stopped_within(scope: Scope, seconds: float) -> bool:
    connections: Connections = scope["app"].state.connections
    try:
        await asyncio.wait_for(connections.closing.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _strange_answer(fault: Fault, real: Response | None) -> Response:
    """Return an answer that is complete and yet not what the API documents."""
    status, headers = fault.status or 200, fault.headers
    if fault.kind == "html":
        return HTMLResponse(_WEB_PAGE, status_code=status, headers=headers)
    if fault.kind == "garbage":
        return Response(b"{'success': True, data", status, headers, media_type="application/json")
    if fault.kind == "empty":
        return Response(b"", status, headers, media_type="application/json")
    if fault.kind == "unsuccessful":
        content = {"success": False, "message": "Something went wrong.", "error": None}
        return JSONResponse(content, status_code=status, headers=headers)
    answer = real or _error(fault, status=status)
    return Response(answer.body, answer.status_code, headers, media_type="text/plain")


def _error(fault: Fault, *, status: int) -> JSONResponse:
    message = "Too Many Attempts." if status == 429 else "Server Error"
    return JSONResponse(
        {"success": False, "message": message, "error": None}, status_code=status, headers=fault.headers
    )
