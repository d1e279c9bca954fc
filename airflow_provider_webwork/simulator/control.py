"""The control API under ``/_simulator``: how other processes move the simulated world. It is no part of WebWork."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from airflow_provider_webwork.simulator.data.trackers import WEB_TRACKER
from airflow_provider_webwork.simulator.faults import Fault
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.fields import integer, optional_integer, optional_text
from airflow_provider_webwork.simulator.world import World

_DONE = {"success": True}


def control_routes(world: World) -> list[Route]:
    """Return the routes of the control API.

    ``POST /tracker/start`` and ``/tracker/stop`` take ``{"user_id": 7}``, ``POST /deliver`` takes
    ``{"event_type": ..., "data": {...}}``, ``POST /faults`` the fields of a :class:`Fault`; ``POST /sign-in`` gives out
    a refresh token of a member (``{"user_id": 7}``), ``POST /revoke`` ends every access token; ``GET /state`` shows
    webhooks, trackers, deliveries and requests (``?secrets=1``: credentials and tokens as well), ``POST /reset`` begins
    again.
    """
    levers = _Levers(world)

    async def state(request: Request) -> JSONResponse:
        return JSONResponse(_state(world, secrets=request.query_params.get("secrets") == "1"))

    posts = {
        "/tracker/start": levers.start,
        "/tracker/stop": levers.stop,
        "/deliver": levers.deliver,
        "/faults": levers.fault,
        "/sign-in": levers.sign_in,
        "/revoke": levers.revoke,
        "/reset": levers.reset,
    }
    return [
        *(Route(path, _post(pull), methods=["POST"]) for path, pull in posts.items()),
        Route("/state", state, methods=["GET"]),
    ]


class _Levers:
    """What the bodies of the calls ask for, done to the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def start(self, body: dict[str, Any]) -> Any:
        user_id, contract_id = integer(body, "user_id"), optional_integer(body, "contract_id")
        _, emitted = self._world.start_tracker(
            user_id,
            contract_id=self._world.own_contract(user_id) if contract_id is None else contract_id,
            task_id=optional_integer(body, "task_id"),
            activity_description=optional_text(body, "activity_description"),
            method=optional_text(body, "method") or WEB_TRACKER,
        )
        return asdict(emitted)

    def stop(self, body: dict[str, Any]) -> Any:
        return asdict(self._world.stop_tracker(integer(body, "user_id"))[1])

    def deliver(self, body: dict[str, Any]) -> Any:
        data = body.get("data", {})
        event_type = optional_text(body, "event_type")
        if not event_type or not isinstance(data, dict):
            raise RefusedError(400, "event_type (a string) is required, and data must be an object.")
        return asdict(self._world.emit(event_type, data))

    def fault(self, body: dict[str, Any]) -> Any:
        try:
            self._world.faults.add(Fault(**body))
        except (TypeError, ValueError) as error:
            raise RefusedError(400, f"Not a fault: {error}") from None
        return _DONE

    def sign_in(self, body: dict[str, Any]) -> Any:
        with self._world.lock:
            member = self._world.member(integer(body, "user_id"))
            return {"refresh_token": self._world.tokens.sign_in(user_id=member["id"])}

    def revoke(self, _body: dict[str, Any]) -> Any:
        with self._world.lock:
            self._world.tokens.revoke_access()
        return _DONE

    def reset(self, _body: dict[str, Any]) -> Any:
        self._world.reset()
        return _DONE


def _post(act: Callable[[dict[str, Any]], Any]) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def endpoint(request: Request) -> JSONResponse:
        raw = await request.body()
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return _refused(RefusedError(400, "The request body must be a JSON object."))
        try:
            return JSONResponse(act(body))
        except RefusedError as refusal:
            return _refused(refusal)

    return endpoint


def _refused(refusal: RefusedError) -> JSONResponse:
    return JSONResponse({"success": False, "message": refusal.message}, status_code=refusal.status)


def _state(world: World, *, secrets: bool) -> dict[str, Any]:
    with world.lock:
        state: dict[str, Any] = {
            "workspace_id": world.workspace.id,
            "webhooks": [webhook.row() for webhook in world.webhooks()],
            "trackers": [tracker.row() for tracker in world.workspace.trackers.running()],
            "deliveries": [asdict(delivery) for delivery in world.deliveries.log()],
            "requests": [asdict(request) for request in world.requests.all()],
        }
        credentials = asdict(world.tokens.credentials())
    if secrets:
        return {**state, "credentials": credentials}
    for webhook in state["webhooks"]:
        del webhook["token"]
    return state
