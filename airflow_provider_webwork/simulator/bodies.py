"""Bodies and queries as plain values: JSON or a form, both of which WebWork takes for webhooks."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from airflow_provider_webwork.simulator.refusals import RefusedError


def parse_body(raw: bytes, *, content_type: str) -> dict[str, Any]:
    """Read a JSON or form body (vendor page "Create webhook").

    :raises RefusedError: if the body is neither.
    """
    if not raw:
        return {}
    if is_form(content_type):
        try:
            return parse_fields(raw.decode())
        except UnicodeDecodeError:
            raise RefusedError(400, "The request body is not valid UTF-8.") from None
    try:
        body = json.loads(raw)
        # What Python reads and no answer could show again, such as NaN or half a surrogate pair, is no JSON either.
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        raise RefusedError(400, "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise RefusedError(400, "The request body must be a JSON object.")
    return body


def parse_fields(encoded: str) -> dict[str, Any]:
    """Read a form or a query string.

    Arrays are ``events[]=a&events[]=b``, ``events[0]=a`` or a repeated ``events=a&events=b``: WebWork does not say
    which, so all are taken.
    """
    fields: dict[str, Any] = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        name, bracket, _ = key.partition("[")
        if not bracket and name not in fields:
            # One plain `events=a` is an array of one; whoever reads a scalar never sees a repeated name.
            fields[name] = [value] if name == "events" else value
        elif isinstance(fields.get(name), list):
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value] if name in fields else [value]
    return fields


def is_form(content_type: str) -> bool:
    """Whether a content type is that of a form."""
    return content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
