"""What users write down for an operator: checked when the Dag is parsed, and again when a template was rendered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from airflow_provider_webwork.events.names import endpoint_name
from airflow_provider_webwork.files.formats import Layout

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator


def exactly_one(operator: BaseOperator, **values: object) -> None:
    """Refuse an operator that got none or several of these arguments.

    :raises ValueError: naming the operator and the arguments.
    """
    if sum(value is not None for value in values.values()) != 1:
        msg = f"{type(operator).__name__} needs exactly one of {', '.join(values)}."
        raise ValueError(msg)


def is_known(value: object) -> bool:
    """Whether the value is known when the Dag is parsed: it holds no template and no output of another task."""
    match value:
        case str():
            return "{{" not in value and "{%" not in value
        case Mapping():
            return all(is_known(item) for pair in value.items() for item in pair)
        case list() | tuple() | set() | frozenset():
            return all(map(is_known, value))
        case _:
            return value is None or isinstance(value, (int, float, datetime))


def usable_events(events: object) -> tuple[str, ...]:
    """Return the names of events, in a fixed order if they came as a set.

    Unknown names are allowed: WebWork says that more events will come
    (https://api-docs.webwork-tracker.com/v2/api/webhooks/createwebhook).

    :raises ValueError: if there are none.
    """
    names: tuple[object, ...] = ()
    if isinstance(events, Iterable) and not isinstance(events, (str, bytes)):
        names = tuple(sorted(events)) if isinstance(events, (set, frozenset)) else tuple(events)
    texts = tuple(name for name in names if isinstance(name, str) and name.strip())
    if not texts or len(texts) != len(names):
        msg = "events must be a list of event names that is not empty, such as ['tracker.started', 'tracker.stopped']."
        raise ValueError(msg)
    return texts


def usable_endpoint(name: object) -> str:
    """Return the name of an endpoint.

    :raises ValueError: if endpoints cannot be called that.
    """
    return endpoint_name(name)


def usable_webhook_id(webhook_id: object) -> str:
    """Return the id of a webhook; WebWork's are texts, but a template may render a number.

    :raises ValueError: if it is empty, or nothing that can be an id.
    """
    text = str(webhook_id).strip() if isinstance(webhook_id, (str, int)) and not isinstance(webhook_id, bool) else ""
    if text in {"", "None"}:
        msg = f"webhook_id must be the id of a webhook at WebWork, not {webhook_id!r}."
        raise ValueError(msg)
    return text


def usable_url(url: object) -> str:
    """Return the URL of a receiver.

    :raises ValueError: if it is not a full URL.
    """
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        full = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # such as a bracket that is not closed
        full = False
    if not isinstance(url, str) or not full:
        msg = "url must be the full URL of a receiver, such as https://hooks.example.com/webwork."
        raise ValueError(msg)
    return url


def usable_conflict(on_conflict: object) -> Literal["adopt", "replace", "fail"]:
    """Return what to do about a webhook that is there already.

    :raises ValueError: if it is not one of the three.
    """
    match on_conflict:
        case "adopt" | "replace" | "fail":
            return on_conflict
    msg = f"on_conflict must be adopt, replace or fail, not {on_conflict!r}."
    raise ValueError(msg)


def masked_variable(name: object) -> str:
    """Return the name of an Airflow Variable that may hold a token.

    :raises ValueError: if it is no name, or Airflow would show the value of a Variable of that name.
    """
    if not isinstance(name, str) or not name.strip():
        msg = "token_variable must be the name of an Airflow Variable, such as 'payroll_webhook_token'."
        raise ValueError(msg)
    # Not in the __all__ of its module, but apache-airflow-providers-common-compat takes it from there as well.
    from airflow.sdk.log import redact  # type: ignore[attr-defined]

    if redact("visible", name) == "visible":
        msg = (
            f"token_variable: Airflow shows the value of a Variable named {name!r}. Use a name that it masks, such as "
            f"{name + '_token'!r}."
        )
        raise ValueError(msg)
    return name


def usable_moment(value: object, *, name: str) -> datetime:
    """Return a time with a time zone, given as a datetime or as ISO 8601.

    :raises ValueError: naming the argument, if it is neither.
    """
    moment = value
    if isinstance(value, str):
        with suppress(ValueError):
            moment = datetime.fromisoformat(value)
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment
    shown = repr(value) if isinstance(value, (str, datetime)) else type(value).__name__
    msg = f"{name} must be a datetime with a time zone, or one as text such as 2026-11-22T04:50:00Z, not {shown}."
    raise ValueError(msg)


def usable_operation(operation: object) -> str:
    """Return the name of an operation. Which there are is known when the task runs: reading them all takes too long.

    :raises ValueError: if it cannot be a name.
    """
    if not isinstance(operation, str) or not operation.strip():
        msg = "operation must be the name of an operation, such as getMembers; `airflow webwork operations` lists them."
        raise ValueError(msg)
    return operation.strip()


def usable_arguments(arguments: object) -> dict[str, object]:
    """Return the arguments of an operation by their names; none for ``None``.

    :raises ValueError: if they are not a mapping with names.
    """
    if arguments is None:
        return {}
    if not isinstance(arguments, Mapping) or not all(isinstance(name, str) for name in arguments):
        msg = "arguments must be a mapping of names to values, such as {'user_id': 7}."
        raise ValueError(msg)
    return dict(arguments)


def usable_each(each: object, *, arguments: Mapping[str, object]) -> dict[str, list[object]]:
    """Return the lists of arguments to fan out over; none for ``None``.

    :param arguments: those that are the same in every call.
    :raises ValueError: if it is not a mapping of names to lists, or an argument is in both.
    """
    lists: dict[str, list[object]] = {}
    for name, values in usable_arguments(each).items():
        if not isinstance(values, Iterable) or isinstance(values, (str, bytes, Mapping)):
            msg = (
                f"each: {name} must be a list of values, not {type(values).__name__}. A template renders text; pass "
                "the output of a task as it is, such as each={'user_id': users()}."
            )
            raise ValueError(msg)
        if name in arguments:
            msg = f"{name} is in arguments and in each: give it once."
            raise ValueError(msg)
        lists[name] = list(values)
    return lists


def usable_layout(format: object, *, compression: object, columns: object) -> Layout:  # noqa: A002
    """Return what a file is to look like.

    :raises ValueError: naming the argument that is not usable.
    """
    if not isinstance(format, str) or not (compression is None or isinstance(compression, str)):
        msg = "format and compression must be names, such as 'csv' and 'gzip'."
        raise ValueError(msg)
    names = () if isinstance(columns, str) or not isinstance(columns, Iterable) else tuple(columns)
    types = dict(columns) if isinstance(columns, Mapping) else {}
    if not all(isinstance(text, str) for text in (*names, *types.values())):
        names = ()
    return Layout(format=format, compression=compression, columns=None if columns is None else names, types=types)
