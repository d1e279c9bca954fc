"""Checking arguments of operations and putting each where WebWork wants it, before anything is sent."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow_provider_webwork.api.operations import nearest
from airflow_provider_webwork.api.values import checked_integer, checked_unlisted, checked_value
from airflow_provider_webwork.api.wire import plain_text

if TYPE_CHECKING:
    from airflow_provider_webwork.api.operations import Operation, Parameter
    from airflow_provider_webwork.json_types import JSON

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class BoundOperation:
    """An operation with its arguments in place, ready to be sent.

    :param operation: what to call.
    :param path: the path below the base URL, path parameters filled in and quoted.
    :param query: the query parameters by documented name.
    :param body: the body fields by documented name; ``None`` if the operation has no body.
    """

    operation: Operation
    path: str
    query: Mapping[str, str] = field(repr=False)
    body: Mapping[str, JSON] | None = field(repr=False)


def bind(operation: Operation, arguments: Mapping[str, object], workspace_id: int | None = None) -> BoundOperation:
    """Turn snake_case arguments into the path, query and body of a request.

    Numbers may come as decimal text, because Airflow templates render text, and ids as numbers also where WebWork
    documents text.

    :param operation: what to call.
    :param arguments: its arguments; ``None`` means not given, or null where WebWork documents null.
    :param workspace_id: the workspace to use unless the arguments name one.
    :raises TypeError: for an unknown, missing or wrongly typed argument.
    :raises ValueError: for a value that cannot be sent.
    """
    given = dict(arguments)
    query: dict[str, str] = {}
    body: dict[str, JSON] = {}
    path = operation.path
    if operation.workspace_id:
        workspace = _workspace(operation, given.pop("workspace_id", None), workspace_id)
        if "query" in operation.workspace_id:
            query["workspace_id"] = str(workspace)
        if "body" in operation.workspace_id:
            body["workspace_id"] = workspace
    for name, unlisted in _unlisted(operation, given):
        if operation.unlisted == "query":
            query[name] = _query_text(unlisted)
        else:
            body[name] = unlisted
    for parameter, value in _listed(operation, given):
        what = f"{operation.name}: {parameter.argument}"
        checked = None if value is None else checked_value(what, parameter, value)
        if parameter.place == "path":
            path = path.replace(f"{{{parameter.name}}}", _path_segment(what, checked))
        elif parameter.place == "query":
            query[parameter.name] = _query_text(checked)
        else:
            body[parameter.name] = checked
    return BoundOperation(operation=operation, path=path, query=query, body=body if operation.has_body else None)


def _workspace(operation: Operation, given: object, configured: int | None) -> int:
    value = configured if given is None else given
    if value is None:
        raise TypeError(
            f"{operation.name}: missing the argument workspace_id; give it, or set workspace_id in the extra of the "
            "connection (getWorkspaces lists yours)"
        )
    return checked_integer(f"{operation.name}: workspace_id", value)


def _listed(operation: Operation, given: Mapping[str, object]) -> Iterator[tuple[Parameter, object]]:
    """Yield the listed parameters to send, with their values; ``None`` is one where WebWork documents null."""
    for parameter in operation.parameters:
        value = given.get(parameter.argument)
        if value is not None or (parameter.nullable and parameter.argument in given):
            yield parameter, value
        elif parameter.required:
            raise TypeError(f"{operation.name}: missing the argument {parameter.argument}")


def _unlisted(operation: Operation, given: Mapping[str, object]) -> Iterator[tuple[str, JSON]]:
    """Yield the arguments that the catalogue does not list, where WebWork's pages leave room for them."""
    known = {each.argument for each in operation.parameters}
    for name, value in given.items():
        if name in known:
            continue
        if operation.unlisted is None:
            everything = sorted(known | ({"workspace_id"} if operation.workspace_id else set()))
            hint = nearest(name, everything) or f" It takes {', '.join(everything) or 'no arguments'}."
            raise TypeError(f"{operation.name}: unknown argument {name}.{hint}")
        if value is not None:
            log.warning("%s: WebWork's pages do not show the argument %s; it is sent as it is", operation.name, name)
            yield name, checked_unlisted(f"{operation.name}: {name}", value)


def _path_segment(what: str, value: JSON) -> str:
    # An empty or dotted segment would address another resource: DELETE /webhooks/.. is not a webhook.
    text = str(value).strip()
    if text in {"", ".", ".."}:
        raise ValueError(f"{what} is {text!r}, which names nothing")
    return quote(text, safe="")


def _query_text(value: JSON) -> str:
    """Write a query value; lists are comma-separated (https://api-docs.webwork-tracker.com/api/reports.md)."""
    items = value if isinstance(value, list) else [value]
    return ",".join(plain_text(item) for item in items if not isinstance(item, dict | list))
