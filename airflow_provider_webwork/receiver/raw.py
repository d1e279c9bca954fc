"""The body of a delivery as it came, without the secrets that it holds."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.secrets import MASK, redact_bytes

MOST_MASKED = 4
LONGEST_MASKED = 2_000
"""How many texts, of how many letters in all, are searched for; more of them would keep all other senders waiting."""

_NAMES = rb"(?:webhook_)?(?:token|secret)"
_JSON_FIELD = re.compile(
    rb'("' + _NAMES + rb'"\s*:\s*)(?:"(?:[^"\\]++|\\.?)*+"?|[^\s,}\]]+)', re.IGNORECASE | re.DOTALL
)
_OPEN, _SHUT = rb"(?:\[|%5b)", rb"(?:\]|%5d)"  # forms write data.token as data[token]
_FORM_FIELD = re.compile(
    rb"((?:^|&)(?:[^&=]*" + _OPEN + rb")?" + _NAMES + _SHUT + rb"?(?:" + _OPEN + _SHUT + rb")?=)[^&]*", re.IGNORECASE
)


def raw_body(body: bytes, secrets: Sequence[str], *, value: JSON, shown: JSON) -> bytes:
    """Return a body in which secrets read ``***``: the given ones, and what stands in fields named for one.

    A webhook's token may come with its first delivery, before we know it. Of a body with more such fields than any
    sender needs, what was read from it is returned as JSON.

    :param value: what was read from the body, as far as it could be read.
    :param shown: the same, redacted.
    """
    masked = set(_masked(value, shown))
    if len(masked) > MOST_MASKED or sum(map(len, masked)) > LONGEST_MASKED:
        return json.dumps(shown).encode()
    body = redact_bytes(body, [*secrets, *masked])
    body = _JSON_FIELD.sub(rb'\1"' + MASK.encode() + rb'"', body)
    return _FORM_FIELD.sub(rb"\1" + MASK.encode(), body)


def _masked(value: JSON, shown: JSON) -> list[str]:
    """Return the texts in what was masked whole, in whatever way the body writes them."""
    if shown == MASK:
        return _texts(value)
    if isinstance(value, list) and isinstance(shown, list):
        return [text for item, seen in zip(value, shown, strict=True) for text in _masked(item, seen)]
    if isinstance(value, dict) and isinstance(shown, dict):
        return [text for name, item in value.items() if name in shown for text in _masked(item, shown[name])]
    return []


def _texts(value: JSON) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    text = str(value)  # a number may be a secret, too
    return [text] if _is_unicode(text) else []


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
