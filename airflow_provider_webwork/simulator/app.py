"""The routes of the simulator, gathered into one ASGI application."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from airflow_provider_webwork.simulator.calls import RefusedError
from airflow_provider_webwork.simulator.control import control_routes
from airflow_provider_webwork.simulator.failing import Connections
from airflow_provider_webwork.simulator.operation import Operation, logged
from airflow_provider_webwork.simulator.rest_v1 import DIALECT_V1, OPERATIONS_V1
from airflow_provider_webwork.simulator.rest_v2 import DIALECT_V2, OPERATIONS_V2
from airflow_provider_webwork.simulator.world import World

V2_ROOT = "/api/v2"
V1_ROOT = "/rest-api/v1"

_APIS = ((V2_ROOT, DIALECT_V2, OPERATIONS_V2), (V1_ROOT, DIALECT_V1, OPERATIONS_V1))

OPERATION_IDS = tuple(operation_id for _, _, operations in _APIS for operation_id, *_ in operations)
"""The operations that are simulated, by the ids that WebWork's pages carry; those of API v1 begin with ``v1``."""


def build_app(world: World, *, connections: Connections) -> Starlette:
    """Return the application that serves a world.

    :param connections: the connections of the server, for faults that close them.
    """
    routes: list[Mount | Route] = [
        Route(
            f"{root}{path}",
            Operation(operation_id, handler, dialect=dialect, world=world),
            methods=[method],
            name=operation_id,
        )
        for root, dialect, operations in _APIS
        for operation_id, method, path, handler in operations
    ]

    async def unknown(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        world.requests.append(logged(request, await request.body(), operation=None))
        return DIALECT_V2.refuse(world, RefusedError(status, "Not Found" if status == 404 else "Method Not Allowed"))

    app = Starlette(
        routes=[*routes, Mount("/_simulator", routes=control_routes(world))],
        exception_handlers={404: unknown, 405: unknown},
    )
    app.state.connections = connections
    return app
