"""The control API under ``/_simulator``: how other processes move the simulated world. It is no part of WebWork."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from airflow_provider_webwork.simulator.calls import RefusedError, integer, optional_integer, optional_text
from airflow_provider_webwork.simulator.faults import Fault
from airflow_provider_webwork.simulator.world import World


def control_routes(world: World) -> list[Route]:
    """Return the routes of the control API.

    ``POST /tracker/start`` and ``/tracker/stop`` take ``{"user_id": 7}``, ``POST /deliver`` takes
    ``{"event_type": ..., "data": {...}}``, ``POST /faults`` the fields of a :class:`Fault`; ``GET /state`` shows
    webhooks, trackers, deliveries and requests (``?secrets=1``: credentials and tokens as well), ``POST /reset`` begins
    again.
    """

    def start(body: dict[str, Any]) -> Any:
        member = world.member(integer(body, "user_id"))
        _, emitted = world.start_tracker(
            member.id,
            contract_id=optional_integer(body, "contract_id") or member.contract_id,
            task_id=optional_integer(body, "task_id"),
            activity_description=optional_text(body, "activity_description"),
        )
        return asdict(emitted)

    def stop(body: dict[str, Any]) -> Any:
        return asdict(world.stop_tracker(integer(body, "user_id"))[1])

    def deliver(body: dict[str, Any]) -> Any:
        data = body.get("data", {})
        event_type = optional_text(body, "event_type")
        if not event_type or not isinstance(data, dict):
            raise RefusedError(400, "event_type (a string) is required, and data must be an object.")
        return asdict(world.emit(event_type, data))

    def faults(body: dict[str, Any]) -> Any:
        try:
            world.faults.add(Fault(**body))
        except (TypeError, ValueError) as error:
            raise RefusedError(400, f"Not a fault: {error}") from None
        return {"success": True}

    def reset(_body: dict[str, Any]) -> Any:
        world.reset()
        return {"success": True}

    async def state(request: Request) -> JSONResponse:
        return JSONResponse(_state(world, secrets=request.query_params.get("secrets") == "1"))

    return [
        Route("/tracker/start", _post(start), methods=["POST"]),
        Route("/tracker/stop", _post(stop), methods=["POST"]),
        Route("/deliver", _post(deliver), methods=["POST"]),
        Route("/faults", _post(faults), methods=["POST"]),
        Route("/reset", _post(reset), methods=["POST"]),
        Route("/state", state, methods=["GET"]),
    ]


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
            "webhooks": [webhook.row() for webhook in world.webhooks.all()],
            "trackers": [tracker.row() for tracker in world.trackers.running()],
            "deliveries": [asdict(delivery) for delivery in world.deliveries.log()],
            "requests": [asdict(request) for request in world.requests],
        }
    if secrets:
        return {**state, "credentials": asdict(world.credentials)}
    for webhook in state["webhooks"]:
        del webhook["token"]
    return state
