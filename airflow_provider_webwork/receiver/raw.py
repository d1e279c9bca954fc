"""The body of a delivery as it came, without the secrets that it holds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.secrets import MASK, redact_bytes

_NAMES = rb"(?:webhook_)?(?:token|secret)"
_JSON_FIELD = re.compile(
    rb'("' + _NAMES + rb'"\s*:\s*)(?:"(?:[^"\\]++|\\.?)*+"?|[^\s,}\]]+)', re.IGNORECASE | re.DOTALL
)
_FORM_FIELD = re.compile(rb"((?:^|&)" + _NAMES + rb"=)[^&]*", re.IGNORECASE)


def raw_body(body: bytes, secrets: Sequence[str], *, value: JSON, shown: JSON) -> bytes:
    """Return a body in which secrets read ``***``: the given ones, and what stands in fields named for one.

    A webhook's token may come with its first delivery, before we know it.

    :param value: what was read from the body, as far as it could be read.
    :param shown: the same, redacted.
    """
    body = redact_bytes(body, [*secrets, *_masked(value, shown)])
    body = _JSON_FIELD.sub(rb'\1"' + MASK.encode() + rb'"', body)
    return _FORM_FIELD.sub(rb"\1" + MASK.encode(), body)


def _masked(value: JSON, shown: JSON) -> list[str]:
    """Return the texts that were masked whole, in whatever way the body writes them."""
    if isinstance(value, str):
        return [value] if shown == MASK and _is_unicode(value) else []
    if isinstance(value, list) and isinstance(shown, list):
        return [text for item, seen in zip(value, shown, strict=True) for text in _masked(item, seen)]
    if isinstance(value, dict) and isinstance(shown, dict):
        return [text for name, item in value.items() if name in shown for text in _masked(item, shown[name])]
    return []


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
