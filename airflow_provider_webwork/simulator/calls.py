"""A request of the API as its handler sees it, and the refusal that a handler may answer with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl


class RefusedError(ValueError):
    """WebWork would say no to this call.

    :param status: the HTTP status of the answer of API v2; API v1 answers 200 to everything.
    :param message: what is wrong.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Call:
    """One parsed request: what a handler needs, and nothing of HTTP."""

    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Mapping[str, Any]


def parse_body(raw: bytes, *, content_type: str) -> dict[str, Any]:
    """Read a JSON or form body, both of which WebWork takes for webhooks (vendor page "Create webhook").

    Arrays in a form are ``events[]=a&events[]=b``, ``events[0]=a`` or a repeated ``events=a&events=b``: WebWork does
    not say which, so all are taken.

    :raises RefusedError: if the body is neither.
    """
    if not raw:
        return {}
    if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        return _parse_form(raw)
    try:
        body = json.loads(raw)
    except ValueError:
        raise RefusedError(400, "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise RefusedError(400, "The request body must be a JSON object.")
    return body


def integer(fields: Mapping[str, Any], name: str) -> int:
    """Return a required whole number; numeric text counts, because forms and queries know nothing else."""
    value = optional_integer(fields, name)
    if value is None:
        raise RefusedError(400, f"The {name} field is required.")
    return value


def optional_integer(fields: Mapping[str, Any], name: str) -> int | None:
    """Return a whole number, or ``None`` if the field is absent, null or empty."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    raise RefusedError(400, f"The {name} field must be an integer.")


def optional_text(fields: Mapping[str, Any], name: str) -> str | None:
    """Return a text, or ``None`` if the field is absent or null."""
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value
    raise RefusedError(400, f"The {name} field must be a string.")


def _parse_form(raw: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True)
    except UnicodeDecodeError:
        raise RefusedError(400, "The request body is not valid UTF-8.") from None
    form: dict[str, Any] = {}
    for key, value in pairs:
        name, bracket, _ = key.partition("[")
        if not bracket and name not in form:
            # One plain `events=a` is an array of one; whoever reads a scalar never sees a repeated name.
            form[name] = [value] if name == "events" else value
        elif isinstance(form.get(name), list):
            form[name].append(value)
        else:
            form[name] = [form[name], value] if name in form else [value]
    return form
