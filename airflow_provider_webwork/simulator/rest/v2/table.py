"""Every operation of API v2, and how this version asks who calls and says no."""

from __future__ import annotations

from typing import Literal

from starlette.responses import JSONResponse

from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.v2 import (
    contracts,
    expenses,
    leaves,
    people,
    projects,
    reports,
    tasks,
    time_entries,
    time_requests,
    time_tracking,
    timesheets,
    webhooks,
)
from airflow_provider_webwork.simulator.tokens import Holder
from airflow_provider_webwork.simulator.world import World

SECTIONS = (
    *(people, projects, tasks, contracts, time_tracking, time_entries),
    *(timesheets, time_requests, leaves, expenses, webhooks, reports),
)

OPERATIONS_V2 = tuple(operation for section in SECTIONS for operation in section.OPERATIONS)


class DialectV2:
    """Bearer token; errors carry their HTTP status and one message (any operation page of API v2)."""

    version: Literal["v2"] = "v2"

    def authenticate(self, world: World, authorization: str) -> Holder:
        """Return in whose name a request is made.

        :raises RefusedError: 401 if the token is missing, wrong, expired or revoked.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise RefusedError(401, "Unauthenticated.")
        return world.tokens.holder(token.strip())

    def refuse(self, world: World, refusal: RefusedError) -> JSONResponse:
        """Return the error envelope."""
        return JSONResponse(
            {"success": False, "message": refusal.message, "error": None, "meta": world.meta()},
            status_code=refusal.status,
        )


DIALECT_V2 = DialectV2()
