"""One operation of the API as an ASGI application: log, fault, authentication, effect, answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from airflow_provider_webwork.simulator.calls import Call, RefusedError, parse_body
from airflow_provider_webwork.simulator.failing import Connections, Dropped, failing_answer
from airflow_provider_webwork.simulator.faults import Fault
from airflow_provider_webwork.simulator.world import LoggedRequest, World

Handler: TypeAlias = Callable[[World, Call], Any]
"""What an operation does to the world, and the JSON that it answers."""


class Dialect(Protocol):
    """How a version of the API asks who calls, and says no."""

    def authenticate(self, world: World, authorization: str, /) -> None:
        """Check the ``Authorization`` header.

        :raises RefusedError: if it is missing or wrong.
        """

    def refuse(self, world: World, refusal: RefusedError, /) -> Response:
        """Return the error answer of this version."""


class Operation:
    """One operation, as its route calls it."""

    def __init__(self, operation_id: str, handler: Handler, *, dialect: Dialect, world: World) -> None:
        self._id = operation_id
        self._handler = handler
        self._dialect = dialect
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        raw = await request.body()
        self._world.requests.append(logged(request, raw, operation=self._id))
        fault = self._world.faults.take(self._id)
        if fault is None:
            answer: ASGIApp = self._answer(request, raw)
        elif fault.kind == "hang":
            answer = await self._late_answer(request, raw, fault=fault)
        else:
            answer = failing_answer(fault, self._answer(request, raw) if fault.when == "after" else None)
        await answer(scope, receive, send)

    def _answer(self, request: Request, raw: bytes) -> Response:
        try:
            self._dialect.authenticate(self._world, request.headers.get("authorization", ""))
            body = parse_body(raw, content_type=request.headers.get("content-type", ""))
            call = Call(path=request.path_params, query=request.query_params, body=body)
            with self._world.lock:
                return JSONResponse(self._handler(self._world, call))
        except RefusedError as refusal:
            return self._dialect.refuse(self._world, refusal)

    async def _late_answer(self, request: Request, raw: bytes, *, fault: Fault) -> ASGIApp:
        connections: Connections = request.app.state.connections
        answer = self._answer(request, raw) if fault.when == "after" else None
        try:
            await asyncio.wait_for(connections.closing.wait(), fault.seconds)
        except TimeoutError:
            return answer or self._answer(request, raw)
        return Dropped()


def logged(request: Request, raw: bytes, *, operation: str | None) -> LoggedRequest:
    """Return what the log keeps of a request; its headers, and so its credentials, are not part of it."""
    try:
        body: Any = parse_body(raw, content_type=request.headers.get("content-type", ""))
    except RefusedError:
        body = raw.decode(errors="replace")
    return LoggedRequest(
        operation=operation,
        method=request.method,
        path=request.url.path,
        query=dict(request.query_params),
        body=body,
    )
