"""What users write down for an operator: checked when the Dag is parsed, and again when a template was rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal, TypeVar
from urllib.parse import urlsplit

from airflow_provider_webwork.events.names import checked_name

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

MAX_EVENTS = 500
"""How many events a run takes at most, unless told otherwise: less than Airflow maps tasks over (1024)."""

MAX_BYTES = 1_000_000
"""How many bytes of JSON a run takes at most, unless told otherwise: they go through an XCom."""

Choice = TypeVar("Choice", bound=str)


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
        case PurePath():  # Airflow renders none in it (airflow/sdk/definitions/_internal/templater.py)
            return True
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
    return checked_name(name, of="endpoint")


def usable_count(value: object, *, name: str) -> int:
    """Return a whole number above zero; a template may render it as text.

    :raises ValueError: naming the argument, if it is not one.
    """
    number = int(value) if isinstance(value, str) and value.strip().isdecimal() else value
    if isinstance(number, int) and not isinstance(number, bool) and number > 0:
        return number
    msg = f"{name} must be a whole number above zero, not {value!r}."
    raise ValueError(msg)


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
    """Return the URL of a receiver, without the white space around it that a template may render.

    WebWork documents nothing of such space. A webhook that came back without it would not be found again by its URL,
    and made anew by every run.

    :raises ValueError: if it is not a full URL.
    """
    text = url.strip() if isinstance(url, str) else ""
    try:
        parts = urlsplit(text)
        full = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # such as a bracket that is not closed
        full = False
    if not full or len(text.split()) != 1:
        msg = "url must be the full URL of a receiver, such as https://hooks.example.com/webwork, without white space."
        raise ValueError(msg)
    return text


def usable_choice(value: object, choices: tuple[Choice, ...], *, name: str) -> Choice:
    """Return one of a few words.

    :raises ValueError: naming the argument, if it is none of them.
    """
    for choice in choices:
        if value == choice:
            return choice
    *others, last = choices
    msg = f"{name} must be {', '.join(others)} or {last}, not {value!r}."
    raise ValueError(msg)


def usable_conflict(on_conflict: object) -> Literal["adopt", "replace", "fail"]:
    """Return what to do about a webhook that is there already.

    :raises ValueError: if it is not one of the three.
    """
    return usable_choice(on_conflict, ("adopt", "replace", "fail"), name="on_conflict")


def usable_strategy(strategy: object) -> Literal["replace", "rekey"]:
    """Return how to rotate.

    :raises ValueError: if it is not one of the two.
    """
    return usable_choice(strategy, ("replace", "rekey"), name="strategy")


def usable_finish(finish: object) -> Literal["wait", "next_run"]:
    """Return who finishes a rotation when its overlap is over.

    :raises ValueError: if it is not one of the two.
    """
    return usable_choice(finish, ("wait", "next_run"), name="finish")


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


def check_known(**values: object) -> None:
    """Check the arguments of a webhook operator that are known when the Dag is parsed.

    :raises ValueError: naming the argument, if one is not usable.
    """
    usable: dict[str, Callable[[object], object]] = {
        "events": usable_events,
        "endpoint": usable_endpoint,
        "url": usable_url,
        "webhook_id": usable_webhook_id,
        "token_variable": masked_variable,
        "on_conflict": usable_conflict,
        "strategy": usable_strategy,
        "finish": usable_finish,
    }
    for name, value in values.items():
        if value is not None and is_known(value):
            usable[name](value)
