"""What travels between us and WebWork: bodies as JSON or as a form, and values in a query."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import urlencode

from airflow_provider_webwork.json_types import JSON, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BodyFormat: TypeAlias = Literal["json", "form"]
"""How a request body is written; WebWork takes either for webhooks, most of v1 takes forms only."""

CONTENT_TYPES: dict[BodyFormat, str] = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
}


def encode_body(body: Mapping[str, JSON], body_format: BodyFormat) -> bytes:
    """Write a request body in one of the formats that WebWork reads.

    A list becomes repeated ``name[]`` fields in a form. WebWork documents that webhooks may be written as
    forms, but not how a list travels in one; this is what PHP servers read, and the only place that decides it.

    :param body: the fields by their documented names.
    :param body_format: ``"json"`` or ``"form"``.
    """
    if body_format == "json":
        return json.dumps(body, allow_nan=False).encode()
    return urlencode(list(_form_fields(body))).encode()


def plain_text(value: Scalar) -> str:
    """Write a single value as forms and query strings carry it; booleans are ``1`` and ``0``.

    :param value: what to write; null is empty text.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def _form_fields(body: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
    for name, value in body.items():
        if isinstance(value, list):
            for item in value:
                yield f"{name}[]", _scalar(name, item)
        else:
            yield name, _scalar(name, value)


def _scalar(name: str, value: JSON) -> str:
    if isinstance(value, dict | list):
        raise TypeError(f"{name}: a form cannot carry nested values; send this call as JSON")
    return plain_text(value)
