"""What a delivery's body says: bytes become JSON that every database can hold, one value for each event."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import NoReturn

from airflow_provider_webwork.events.rows import UNSTORABLE
from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.receiver.form import is_form, opens_like_json, read_form
from airflow_provider_webwork.receiver.numbers import NumberText, decimal_number, whole_number
from airflow_provider_webwork.receiver.problems import NotUnderstoodError

DEEPEST = 100
"""How many lists and objects may lie in each other."""

MOST_VALUES = 100_000
"""How many values a body may hold; reading more of them would keep other senders waiting."""

MOST_EVENTS = 1_000
"""How many events a list may hold, which are stored in one transaction."""

_UNSTORABLE = "A text in the body holds a NUL or half a surrogate pair."

_BLANKS = re.compile(r"[ \t\n\r]*+")
_PARTS = re.compile(r'"(?:[^"\\]++|\\.?)*+"?|[\[\]{},]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Item:
    """What a body says of one event.

    :param value: what it says; null if that is not JSON.
    :param written: how it says so.
    :param text: the JSON that says it, if the body is JSON.
    :param exact: whether the value, written as JSON, says all that the body does.
    :param ambiguous: whether an object in it has a name twice, of which the value has the last.
    :param problem: why it is no event, if it is none.
    """

    value: JSON
    written: bytes
    text: str | None = None
    exact: bool = True
    ambiguous: bool = False
    problem: str | None = None


def read_items(body: bytes, content_type: str) -> list[Item]:
    """Return what a body says: as JSON, as a list of JSON objects, as form fields, or as JSON in a form field.

    :raises NotUnderstoodError: if it is none of these.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotUnderstoodError("The body is not UTF-8.") from None
    return _form_items(text, body) if is_form(text, content_type) else _json_items(text, body)


def _form_items(text: str, body: bytes) -> list[Item]:
    form = read_form(text)
    if len(form) == 1:
        [value] = form.values()
        if isinstance(value, str) and opens_like_json(value):
            items = _json_items(value, body)
            return items if len(items) > 1 else [replace(items[0], written=body, exact=False)]
    payload, data = _object_in(form.get("payload")), _object_in(form.get("data"))
    if payload is not None and isinstance(payload.value, dict):
        form = {name: value for name, value in form.items() if name != "payload"} | payload.value
    if data is not None:
        form["data"] = data.value
    if _is_unstorable(form):
        return [Item(form, body, problem=_UNSTORABLE)]
    ambiguous = any(item is not None and item.ambiguous for item in (payload, data))
    return [Item(form, body, exact=False, ambiguous=ambiguous)]


def _object_in(field: JSON) -> Item | None:
    """Return the JSON object that a field of a form holds, if it does."""
    if not isinstance(field, str) or not field.lstrip().startswith("{"):
        return None
    try:
        [item] = _json_items(field, b"")
    except NotUnderstoodError:
        return None
    return item


def _json_items(text: str, body: bytes) -> list[Item]:
    _check_size(text)
    begin = _after_blanks(text, 0)
    try:
        if text[begin : begin + 1] == "[":
            return _list_items(text, begin + 1)
        notes = _Notes()
        value: JSON = notes.decoder().decode(text)
    except json.JSONDecodeError:
        raise NotUnderstoodError("The body is not JSON.") from None
    if not isinstance(value, dict):
        raise NotUnderstoodError("The body is JSON, but not an object.", value=value)
    return [_item(value, text, body, notes.taken())]


def _list_items(text: str, begin: int) -> list[Item]:
    """Return the items of the list that opens before a place, each with the text that says it."""
    values: list[JSON] = []
    written: list[str] = []
    noted: list[tuple[bool, bool]] = []
    notes = _Notes()
    decoder = notes.decoder()
    place = _after_blanks(text, begin)
    more = text[place : place + 1] != "]"
    while more:
        value, end = decoder.raw_decode(text, place)
        values.append(value)
        written.append(text[place:end])
        noted.append(notes.taken())
        place = _after_blanks(text, end)
        more = text[place : place + 1] == ","
        place = _after_blanks(text, place + 1) if more else place
    if text[place : place + 1] != "]" or _after_blanks(text, place + 1) != len(text):
        raise NotUnderstoodError("The body is not JSON.")
    if not values or not all(isinstance(value, dict) for value in values):
        raise NotUnderstoodError("The body is a list, but not one of objects.", value=values)
    if len(values) > MOST_EVENTS:
        raise NotUnderstoodError(f"The body is a list of more than {MOST_EVENTS} events.", value=values)
    return [_item(value, part, part.encode(), odd) for value, part, odd in zip(values, written, noted, strict=True)]


def _item(value: JSON, text: str, written: bytes, noted: tuple[bool, bool]) -> Item:
    # What databases cannot hold stands in JSON as an escape, or not at all.
    if "\\u" in text and _is_unstorable(value):
        return Item(value, written, text, problem=_UNSTORABLE)
    exact, ambiguous = noted
    return Item(value, written, text, exact=exact and not ambiguous, ambiguous=ambiguous)


def _check_size(text: str) -> None:
    """Refuse what takes too long to read; told before reading it, which goes as deep as a sender likes.

    :raises NotUnderstoodError: if it is nested too deep, or holds too much.
    """
    opened = text.count("[") + text.count("{")
    if opened <= DEEPEST and opened + text.count(",") <= MOST_VALUES:
        return
    depth = values = 0
    for number, found in enumerate(_PARTS.finditer(text)):
        if found[0] in {"[", "{"}:
            depth += 1
            values += 1
        elif found[0] in {"]", "}"}:
            depth -= 1
        elif found[0] == ",":
            values += 1
        if depth > DEEPEST:
            raise NotUnderstoodError(f"The body is nested deeper than {DEEPEST} levels.")
        # A value has a name, a text, a comma and a bracket at most; what has more of them is not JSON.
        if values > MOST_VALUES or number > 4 * MOST_VALUES:
            raise NotUnderstoodError(f"The body holds more than {MOST_VALUES} values.")


def _after_blanks(text: str, place: int) -> int:
    found = _BLANKS.match(text, place)
    return place if found is None else found.end()


def _is_unstorable(value: JSON) -> bool:
    """Whether a name or a text in a value is one that databases cannot hold."""
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            pending.extend(part)
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
        elif isinstance(part, str) and not part.isprintable() and UNSTORABLE.search(part):
            return True
    return False


class _Notes:
    """What is noted while a value is read, because it is not to be seen in the value."""

    def __init__(self) -> None:
        self._exact = True
        self._ambiguous = False

    def decoder(self) -> json.JSONDecoder:
        """Return what reads a value, to be noted here."""
        return json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_float=self._decimal_number,
            parse_int=self._whole_number,
            parse_constant=_refuse_constant,
        )

    def taken(self) -> tuple[bool, bool]:
        """Return whether the numbers of a value are exact, and whether it is ambiguous; the next one is noted anew."""
        noted = self._exact, self._ambiguous
        self._exact, self._ambiguous = True, False
        return noted

    def _object(self, pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
        value = dict(pairs)
        if len(value) != len(pairs):
            self._ambiguous = True
        return value

    def _whole_number(self, text: str) -> int | NumberText:
        number = whole_number(text)
        if isinstance(number, NumberText):
            self._exact = False
        return number

    def _decimal_number(self, text: str) -> float | NumberText:
        number = decimal_number(text)
        if isinstance(number, NumberText):
            self._exact = False
        return number


def _refuse_constant(name: str) -> NoReturn:
    raise NotUnderstoodError(f"The body holds {name}, which JSON does not know.")
