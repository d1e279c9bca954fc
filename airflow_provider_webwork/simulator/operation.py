"""One operation of the API as an ASGI application: log, authentication, limit, fault, effect, answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airflow_provider_webwork.simulator.bodies import parse_body, parse_fields
from airflow_provider_webwork.simulator.data.company import MANAGER_ROLES
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.workspace import Workspace
from airflow_provider_webwork.simulator.failing import failing_answer
from airflow_provider_webwork.simulator.oauth import TokenEndpoint
from airflow_provider_webwork.simulator.rate_limit import Verdict
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.call import Call, Operation
from airflow_provider_webwork.simulator.rest.fields import integer
from airflow_provider_webwork.simulator.tokens import Holder
from airflow_provider_webwork.simulator.world import World


class Dialect(Protocol):
    """How a version of the API asks who calls, and says no."""

    @property
    def version(self) -> Literal["v1", "v2"]:
        """Which version this is."""

    def authenticate(self, world: World, authorization: str, /) -> Holder:
        """Return in whose name a request is made, by its ``Authorization`` header.

        :raises RefusedError: if it is missing or wrong.
        """

    def refuse(self, world: World, refusal: RefusedError, /) -> Response:
        """Return the error answer of this version."""


class Served:
    """One operation, as its route calls it."""

    def __init__(self, operation: Operation, *, dialect: Dialect, world: World) -> None:
        self._operation = operation
        self._dialect = dialect
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        raw = await request.body()
        operation_id = self._operation.operation_id
        number = self._world.requests.arrived(request, raw, operation=operation_id)
        answer = self._answer(request, raw)
        await answer(scope, receive, noting(self._world, number, send))

    def _answer(self, request: Request, raw: bytes) -> ASGIApp:
        world, dialect = self._world, self._dialect
        try:
            with world.lock:
                holder = dialect.authenticate(world, request.headers.get("authorization", ""))
                verdict = world.meter.count(holder.user_id, at=world.now(), version=dialect.version)
        except RefusedError as refusal:
            return dialect.refuse(world, refusal)

        def effect() -> Response:
            return _with_headers(self._effect(request, raw, holder), verdict)

        if not verdict.allowed:
            return _with_headers(dialect.refuse(world, RefusedError(429, "Too Many Attempts.")), verdict)
        fault = world.faults.take(self._operation.operation_id)
        return failing_answer(fault, effect) if fault else effect()

    def _effect(self, request: Request, raw: bytes, holder: Holder) -> Response:
        world = self._world
        try:
            body = parse_body(raw, content_type=request.headers.get("content-type", ""))
            query = parse_fields(request.url.query)
            with world.lock:
                workspace = self._workspace(query, body)
                caller = self._caller(workspace, holder, method=request.method)
                call = Call(world, workspace, caller, path=request.path_params, query=query, body=body)
                return JSONResponse(self._operation.handler(call), status_code=self._operation.status)
        except RefusedError as refusal:
            return self._dialect.refuse(world, refusal)

    def _workspace(self, query: Mapping[str, Any], body: Mapping[str, Any]) -> Workspace:
        """Return the workspace that a call names.

        :raises RefusedError: 400 if it names none where it should, 403 if the workspace is somebody else's; WebWork
            does not say how it refuses either.
        """
        place, generation = self._operation.workspace, self._world.settings.generation
        if place == "none" or (place == "maybe" and generation == "old"):
            return self._world.workspace
        if place == "disputed":
            fields = {"old": body, "new": query, "any": {**query, **body}}[generation]
        else:
            fields = query if place == "query" else body
        workspace = self._world.workspaces.get(integer(fields, "workspace_id"))
        if workspace is None:
            raise RefusedError(403, "You do not have access to this workspace.")
        return workspace

    def _caller(self, workspace: Workspace, holder: Holder, *, method: str) -> Record:
        """Return the member who calls.

        :raises RefusedError: 403 if the member may not, or the token was not given for this. Which scope a write needs
            is not documented; reads name ``read``.
        """
        caller = workspace.members.find(holder.user_id)
        if caller is None or caller["deleted_at"]:
            raise RefusedError(403, "You do not have access to this workspace.")
        if not holder.scopes & {"admin", "read" if method == "GET" else "write"}:
            raise RefusedError(403, "The token does not have the scope that this needs.")
        access = self._operation.access
        if self._world.settings.generation == "old" and access == "everybody":
            access = "managers"
        if access == "managers" and caller["current_role"] not in MANAGER_ROLES:
            raise RefusedError(403, "Only workspace owners and executive managers may do this.")
        return caller


class ServedTokens:
    """The token endpoint, as its route calls it; the limit does not count its requests."""

    def __init__(self, endpoint: TokenEndpoint, *, world: World) -> None:
        self._endpoint = endpoint
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        raw = await request.body()
        number = self._world.requests.arrived(request, raw, operation=self._endpoint.operation_id, confidential=True)

        def effect() -> Response:
            with self._world.lock:
                return self._endpoint.answer(
                    raw,
                    content_type=request.headers.get("content-type", ""),
                    authorization=request.headers.get("authorization", ""),
                )

        fault = self._world.faults.take(self._endpoint.operation_id)
        answer: ASGIApp = failing_answer(fault, effect) if fault else effect()
        await answer(scope, receive, noting(self._world, number, send))


def noting(world: World, number: int, send: Send) -> Send:
    """Return a ``send`` that also notes the status of the answer in the log of requests."""

    async def noted(message: Message) -> None:
        if message["type"] == "http.response.start":
            world.requests.answered(number, message["status"])
        await send(message)

    return noted


def _with_headers(response: Response, verdict: Verdict) -> Response:
    response.headers.update(verdict.headers)
    return response
