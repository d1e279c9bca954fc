"""The routes of the simulator, gathered into one ASGI application."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from airflow_provider_webwork.simulator.control import control_routes
from airflow_provider_webwork.simulator.failing import Connections
from airflow_provider_webwork.simulator.oauth import TokenEndpoint
from airflow_provider_webwork.simulator.operation import Served, ServedTokens
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.v1.table import DIALECT_V1, OPERATIONS_V1
from airflow_provider_webwork.simulator.rest.v2.table import DIALECT_V2, OPERATIONS_V2
from airflow_provider_webwork.simulator.world import World

V2_ROOT = "/api/v2"
TOKEN_PATH = "/oauth/token"  # noqa: S105

_APIS = ((V2_ROOT, DIALECT_V2, OPERATIONS_V2), ("", DIALECT_V1, OPERATIONS_V1))

OPERATION_IDS = (
    *(operation.operation_id for _, _, operations in _APIS for operation in operations),
    TokenEndpoint.operation_id,
)
"""What is simulated, by the ids that WebWork's pages carry; those of API v1 begin with ``v1``."""


def build_app(world: World, *, connections: Connections) -> Starlette:
    """Return the application that serves a world.

    :param connections: the connections of the server, for faults that close them.
    """
    tokens = TokenEndpoint(world.tokens, rules=world.settings.oauth)
    routes: list[Mount | Route] = [
        Route(
            f"{root}{operation.path}",
            Served(operation, dialect=dialect, world=world),
            methods=[operation.method],
            name=operation.operation_id,
        )
        for root, dialect, operations in _APIS
        for operation in operations
    ]

    async def unknown(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        number = world.requests.arrived(request, await request.body(), operation=None)
        world.requests.answered(number, status)
        return DIALECT_V2.refuse(world, RefusedError(status, "Not Found" if status == 404 else "Method Not Allowed"))

    app = Starlette(
        routes=[
            *routes,
            Route(TOKEN_PATH, ServedTokens(tokens, world=world), methods=["POST"]),
            Mount("/_simulator", routes=control_routes(world)),
        ],
        exception_handlers={404: unknown, 405: unknown},
    )
    app.state.connections = connections
    return app
