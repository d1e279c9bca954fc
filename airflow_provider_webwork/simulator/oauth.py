"""The token endpoint. WebWork names it and prints neither its address nor its fields: this one follows RFC 6749."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

from airflow_provider_webwork.simulator.bodies import is_form, parse_body
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.tokens import GrantError, OAuthRules, Tokens


class TokenEndpoint:
    """``POST /oauth/token`` as an operation like the others: logged, and ready to fail on order."""

    operation_id = "issueToken"

    def __init__(self, tokens: Tokens, *, rules: OAuthRules) -> None:
        self._tokens = tokens
        self._rules = rules

    def answer(self, raw: bytes, *, content_type: str, authorization: str) -> JSONResponse:
        """Return tokens, or say no."""
        try:
            fields = self._fields(raw, content_type=content_type)
            client = self._client(fields, authorization)
            content, status = self._tokens.exchange(fields, client=client), 200
        except GrantError as refusal:
            content = {"error": refusal.error, "error_description": refusal.description}
            status = 401 if refusal.error == "invalid_client" else 400
        return JSONResponse(content, status_code=status, headers={"Cache-Control": "no-store"})

    def _fields(self, raw: bytes, *, content_type: str) -> dict[str, Any]:
        written = "form" if is_form(content_type) else "json"
        if self._rules.encoding not in {"any", written}:
            raise GrantError("invalid_request", f"The request must be written as {self._rules.encoding}.")
        try:
            return parse_body(raw, content_type=content_type)
        except RefusedError as refusal:
            raise GrantError("invalid_request", refusal.message) from None

    def _client(self, fields: Mapping[str, Any], authorization: str) -> tuple[str, str]:
        shown = {
            "header": basic(authorization),
            "body": (str(fields.get("client_id") or ""), str(fields.get("client_secret") or "")),
        }
        allowed = ("header", "body") if self._rules.client_auth == "any" else (self._rules.client_auth,)
        return next((client for place in allowed if (client := shown[place]) is not None), ("", ""))


def basic(authorization: str) -> tuple[str, str] | None:
    """Return name and password out of an ``Authorization: Basic`` header, or ``None`` if it is none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, password) if colon else None
