"""Checking the arguments of an operation and putting each where WebWork wants it, before anything is sent."""

from __future__ import annotations

import datetime as dt
import logging
import math
import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from airflow_provider_webwork.api.operations import nearest
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

    Numbers may come as decimal text, because Airflow templates render text.

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
    _refuse_unknown(operation, given)
    for parameter in operation.parameters:
        value = given.get(parameter.argument)
        sends_null = value is None and parameter.nullable and parameter.argument in given
        if value is None and not sends_null:
            if parameter.required:
                raise TypeError(f"{operation.name}: missing the argument {parameter.argument}")
            continue
        checked = None if sends_null else _checked(operation, parameter, value)
        if parameter.place == "path":
            path = path.replace(f"{{{parameter.name}}}", _path_segment(operation, parameter, checked))
        elif parameter.place == "query":
            query[parameter.name] = _query_text(checked)
        else:
            body[parameter.name] = checked
    has_body = "body" in operation.workspace_id or any(each.place == "body" for each in operation.parameters)
    return BoundOperation(operation=operation, path=path, query=query, body=body if has_body else None)


def _workspace(operation: Operation, given: object, configured: int | None) -> int:
    value = configured if given is None else given
    if value is None:
        raise TypeError(
            f"{operation.name}: missing the argument workspace_id; give it, or set workspace_id in the extra of the "
            "connection (getWorkspaces lists yours)"
        )
    return _integer(f"{operation.name}: workspace_id", value)


def _refuse_unknown(operation: Operation, given: Mapping[str, object]) -> None:
    known = {each.argument for each in operation.parameters}
    for name in given:
        if name in known:
            continue
        everything = sorted(known | ({"workspace_id"} if operation.workspace_id else set()))
        hint = nearest(name, everything) or f" It takes {', '.join(everything) or 'no arguments'}."
        raise TypeError(f"{operation.name}: unknown argument {name}.{hint}")


def _checked(operation: Operation, parameter: Parameter, value: object) -> JSON:
    what = f"{operation.name}: {parameter.argument}"
    if parameter.type.startswith("array["):
        checked: JSON = _array(what, parameter, value)
    else:
        checked = _CHECKS[parameter.type](what, value)
    for each in checked if isinstance(checked, list) else [checked]:
        if parameter.enum and each not in parameter.enum:
            log.warning(
                "%s is %r, which WebWork does not document (it lists %s); it is sent as it is",
                what,
                each,
                ", ".join(map(str, parameter.enum)),
            )
    return checked


def _array(what: str, parameter: Parameter, value: object) -> list[JSON]:
    if isinstance(value, AbstractSet):
        value = sorted(value)
    if not isinstance(value, list | tuple):
        raise TypeError(f"{what} must be a list, not {_kind(value)}")
    if parameter.required and not value:
        raise ValueError(f"{what} must not be empty")
    check = _CHECKS[parameter.type.removeprefix("array[").removesuffix("]")]
    return [check(f"{what}[{index}]", item) for index, item in enumerate(cast("list[object]", value))]


def _integer(what: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value.strip()):
        return int(value)
    raise TypeError(f"{what} must be an integer, not {_kind(value)}")


def _number(what: str, value: object) -> int | float:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", value.strip()):
        return float(value) if "." in value else int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ValueError(f"{what} must be a finite number")
        return value
    raise TypeError(f"{what} must be a number, not {_kind(value)}")


def _string(what: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(f"{what} must be text, not {_kind(value)}")


def _boolean(what: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    raise TypeError(f"{what} must be True or False, not {_kind(value)}")


def _date(what: str, value: object) -> str:
    if isinstance(value, dt.date):
        return value.strftime("%Y-%m-%d")
    text = _string(what, value).strip()
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) and _parses(dt.date.fromisoformat, text):
        return text
    raise ValueError(f"{what} must be a date such as 2026-11-22, not {text[:40]!r}")


def _datetime(what: str, value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    text = _string(what, value).strip()
    if _parses(dt.datetime.fromisoformat, text):
        return text
    raise ValueError(f"{what} must be an ISO 8601 time such as 2026-11-22T04:50:00Z, not {text[:40]!r}")


_CHECKS: dict[str, Callable[[str, object], JSON]] = {
    "integer": _integer,
    "number": _number,
    "string": _string,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
}


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _path_segment(operation: Operation, parameter: Parameter, value: JSON) -> str:
    # An empty or dotted segment would address another resource: DELETE /webhooks/.. is not a webhook.
    text = str(value).strip()
    if text in {"", ".", ".."}:
        raise ValueError(f"{operation.name}: {parameter.argument} is {text!r}, which names nothing")
    return quote(text, safe="")


def _query_text(value: JSON) -> str:
    """Write a query value; lists are comma-separated (https://api-docs.webwork-tracker.com/api/reports.md)."""
    items = value if isinstance(value, list) else [value]
    return ",".join(plain_text(item) for item in items if not isinstance(item, dict | list))


def _kind(value: object) -> str:
    """Name the type of a refused value, never the value: it may be a secret in the wrong place."""
    return "text that is none" if isinstance(value, str) else type(value).__name__
