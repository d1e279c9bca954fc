"""Bodies that are web forms."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.receiver.problems import NotUnderstoodError

MOST_FIELDS = 1_000
"""How many fields a form may have."""

MOST_ESCAPES = 1_000_000
"""How many characters a form may write as ``%..``; each of them costs more than a plain one."""

_DEEPEST = 10
_FORM = "application/x-www-form-urlencoded"
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]+\])*)(\[\])?")


def is_form(text: str, content_type: str) -> bool:
    """Whether a body is a form. One that opens like JSON is JSON, whatever its content type says."""
    return content_type.partition(";")[0].strip().lower() == _FORM and not opens_like_json(text)


def opens_like_json(text: str) -> bool:
    """Whether a text begins as an object or a list of JSON does."""
    return text.lstrip().startswith(("{", "["))


def read_form(text: str) -> dict[str, JSON]:
    """Return the fields of a form. A name that comes several times has a list.

    PHP, which WebWork's API has the marks of, writes objects as ``data[user_id]=7`` and lists as ``tags[]=a``
    (https://www.php.net/manual/function.http-build-query.php); they are read as such.

    :raises NotUnderstoodError: if it is not UTF-8, or much more than a delivery.
    """
    if text.count("%") > MOST_ESCAPES:
        raise NotUnderstoodError(f"The form has more than {MOST_ESCAPES} escaped characters.")
    try:
        fields = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError:
        raise NotUnderstoodError("The form is not UTF-8.") from None
    except ValueError:
        raise NotUnderstoodError(f"The form has more than {MOST_FIELDS} fields.") from None
    values: dict[str, list[JSON]] = {}
    for name, value in fields:
        values.setdefault(name, []).append(value)
    form: dict[str, JSON] = {}
    # Plain names first: no name with brackets may take the place of another field.
    for name, several in sorted(values.items(), key=lambda field: "[" in field[0]):
        if not _put(form, name, several):
            form[name] = _value(several)
    return form


def _put(form: dict[str, JSON], name: str, several: list[JSON]) -> bool:
    """Put a field where the brackets in its name say; return whether that is possible."""
    found = _NAME.fullmatch(name) if name.count("[") <= _DEEPEST else None
    if found is None:
        return False
    *steps, last = [found[1], *re.findall(r"\[([^\[\]]+)\]", found[2])]
    place = form
    for step in steps:
        inner = place.setdefault(step, {})
        if not isinstance(inner, dict):
            return False
        place = inner
    if last in place:
        return False
    place[last] = several if found[3] else _value(several)
    return True


def _value(several: list[JSON]) -> JSON:
    return several[0] if len(several) == 1 else several
