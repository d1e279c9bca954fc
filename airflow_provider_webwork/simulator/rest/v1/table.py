"""Every operation of API v1, and how this version asks who calls and says no."""

from __future__ import annotations

import hmac
from typing import Literal

from starlette.responses import JSONResponse

from airflow_provider_webwork.simulator.oauth import basic
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.v1 import people, projects, reports, sheets, webhooks
from airflow_provider_webwork.simulator.tokens import SCOPES, Holder
from airflow_provider_webwork.simulator.world import World

OPERATIONS_V1 = tuple(
    operation for section in (people, projects, sheets, webhooks, reports) for operation in section.OPERATIONS
)


class DialectV1:
    """HTTP Basic; every failure is an HTTP 200 with ``success: false`` and a list of messages.

    Public integrations show both; WebWork's own page about authentication is not among those we could read.
    """

    version: Literal["v1"] = "v1"

    def authenticate(self, world: World, authorization: str) -> Holder:
        """Return in whose name a request is made: login is the e-mail of a member.

        :raises RefusedError: if login or password are missing or wrong.
        """
        login, password = basic(authorization) or ("", "")
        members = world.workspace.members.all()
        user_id = next((member["id"] for member in members if member["email"] == login), None)
        expected = "" if user_id is None else world.tokens.password(user_id)
        if user_id is None or not hmac.compare_digest(password.encode(), expected.encode()):
            raise RefusedError(401, "Invalid username or password.")
        return Holder(user_id=user_id, scopes=SCOPES)

    def refuse(self, _world: World, refusal: RefusedError) -> JSONResponse:
        """Return the failure as a successful HTTP answer."""
        return JSONResponse({"success": False, "message": [refusal.message]})


DIALECT_V1 = DialectV1()
