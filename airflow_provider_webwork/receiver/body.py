"""What a delivery's body says: bytes become one JSON object that every database can hold, or a problem."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import NoReturn
from urllib.parse import parse_qsl

from airflow_provider_webwork.json_types import JSON

DEEPEST = 100
"""How many lists and objects may lie in each other."""

MOST_FIELDS = 1_000
"""How many fields a form may have."""

_FORM = "application/x-www-form-urlencoded"
_BRACKETS_AND_TEXTS = re.compile(r'"(?:[^"\\]++|\\.?)*+"?|[\[\]{}]', re.DOTALL)


class NotUnderstoodError(Exception):
    """A body is not a JSON object or a form; the text is a plain sentence that says why.

    :param value: the body as JSON, if it is JSON that says something else than an event.
    """

    def __init__(self, problem: str, *, value: JSON = None) -> None:
        super().__init__(problem)
        self.value = value


def is_form(body: bytes, content_type: str) -> bool:
    """Whether a body is a form. A body that opens with a brace is JSON, whatever its content type says."""
    return content_type.partition(";")[0].strip().lower() == _FORM and not body.lstrip().startswith(b"{")


def read_object(body: bytes, content_type: str) -> dict[str, JSON]:
    """Return the object that a body holds as JSON, as form fields, or as JSON in the only field of a form.

    :raises NotUnderstoodError: if there is none, or it holds what not every database can store.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotUnderstoodError("The body is not UTF-8.") from None
    value = _form(text) if is_form(body, content_type) else _json(text)
    if not isinstance(value, dict):
        raise NotUnderstoodError("The body is JSON, but not an object.", value=value)
    for part in _parts(value):
        if isinstance(part, float) and not math.isfinite(part):
            raise NotUnderstoodError("A number in the body is too large.", value=value)
        if isinstance(part, str) and not _storable(part):
            raise NotUnderstoodError("A text in the body holds a NUL or half a surrogate pair.", value=value)
    return value


def _form(text: str) -> JSON:
    try:
        fields = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError:
        raise NotUnderstoodError("The form is not UTF-8.") from None
    except ValueError:
        raise NotUnderstoodError(f"The form has more than {MOST_FIELDS} fields.") from None
    if len(fields) == 1 and fields[0][1].lstrip().startswith("{"):
        return _json(fields[0][1])
    values: dict[str, list[JSON]] = {}
    for name, value in fields:
        values.setdefault(name, []).append(value)
    return {name: given[0] if len(given) == 1 else given for name, given in values.items()}


def _json(text: str) -> JSON:
    if _depth(text) > DEEPEST:
        raise NotUnderstoodError(f"The body is nested deeper than {DEEPEST} levels.")
    try:
        value: JSON = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError:
        raise NotUnderstoodError("The body is not JSON.") from None
    except ValueError:
        # Python does not read whole numbers of more than 4,300 digits, as it could not write them either.
        raise NotUnderstoodError("A number in the body is too large.") from None
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise NotUnderstoodError(f"The body holds {name}, which JSON does not know.")


def _depth(text: str) -> int:
    # Told before parsing, because the parser would go down as deep as a sender likes.
    if text.count("[") + text.count("{") <= DEEPEST:
        return 0
    depth = deepest = 0
    for found in _BRACKETS_AND_TEXTS.finditer(text):
        if found[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in "]}":
            depth -= 1
    return deepest


def _parts(value: JSON) -> Iterator[JSON]:
    """Yield every name and every value in some JSON."""
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            yield from part
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
        else:
            yield part


def _storable(text: str) -> bool:
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
