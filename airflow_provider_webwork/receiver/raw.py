"""The body of a delivery as it came, without the secrets that it holds."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.secrets import MASK, redact_bytes

MOST_MASKED = 4
LONGEST_MASKED = 1_000
"""How many texts of a delivery, of how many letters in all, are searched for besides the secrets that are known.

A search for them costs some 80 us a letter, and meanwhile all other senders wait.
"""

MOST_NAMED = 10_000
"""After so many fields named for a secret the rest of a body is not kept."""

_NAMES = ("token", "secret", "webhook_token", "webhook_secret")
_OPEN, _SHUT = rb"(?:\[|%5b)", rb"(?:\]|%5d)"  # forms write data.token as data[token]


def _named(*before: bytes) -> bytes:
    # What stands before a name is looked at last: a search for a few letters is a hundred times as fast.
    return b"|".join(
        rb"%b(?:%b)" % (name, b"|".join(rb"(?<=%b%b)" % (each, name) for each in before))
        for name in (name.encode() for name in _NAMES)
    )


# In small letters, as the bodies are that they are searched in.
_JSON_FIELD = re.compile(rb"(?:" + _named(rb'"') + rb')"\s*+:\s*+("(?:[^"\\]++|\\.?)*+"?|[^\s,}\]]+)', re.DOTALL)
_FORM_FIELD = re.compile(
    rb"(?:" + _named(rb"\A", rb"&", rb"\[", rb"%5b") + rb")" + _SHUT + rb"?(?:" + _OPEN + _SHUT + rb")?=([^&]*)"
)


class RawBodies:
    """The bodies of the events of one delivery, without secrets: the given ones, and what is in fields named for one.

    A webhook's token may come with its first delivery, before we know it. Once a delivery has more such fields than any
    sender needs, what was read from a body is kept as JSON in its place.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = secrets
        self._masked: set[str] = set()

    def without_secrets(self, body: bytes, *, value: JSON, shown: JSON) -> bytes:
        """Return a body in which secrets read ``***``.

        :param value: what was read from the body, as far as it could be read.
        :param shown: the same, redacted.
        """
        self._masked.update(_masked(value, shown))
        if len(self._masked) > MOST_MASKED or sum(map(len, self._masked)) > LONGEST_MASKED:
            return json.dumps(shown).encode()
        body = redact_bytes(body, [*self._secrets, *self._masked])
        body = _with_fields_masked(body, _JSON_FIELD, mask=f'"{MASK}"'.encode())
        return _with_fields_masked(body, _FORM_FIELD, mask=MASK.encode())


def _with_fields_masked(body: bytes, fields: re.Pattern[bytes], *, mask: bytes) -> bytes:
    parts, end = [], 0
    for number, found in enumerate(fields.finditer(body.lower()), start=1):
        begin, after = found.span(1)
        parts += [body[end:begin], mask]
        if number == MOST_NAMED:
            return b"".join(parts)
        end = after
    return b"".join([*parts, body[end:]])


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
