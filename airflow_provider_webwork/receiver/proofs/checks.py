"""What the settings of a proof may be."""

from __future__ import annotations

import re

_NAME = r"[a-z0-9!#$%&'*+.^_`|~-]{1,64}"
HEADER_NAME = re.compile(_NAME)
"""What the settings of a proof may call a header; :data:`HEADER_NAME_BYTES` is the same for one as it came."""

HEADER_NAME_BYTES = re.compile(_NAME.encode())

_MOST_SECONDS = 7 * 24 * 3600


def header_name(setting: str, name: str) -> None:
    """Refuse what cannot be the name of a header (https://www.rfc-editor.org/rfc/rfc9110#name-field-names).

    :raises ValueError: if it cannot.
    """
    if not HEADER_NAME.fullmatch(name):
        msg = f"{setting}: {name!r} is not the name of a header in small letters, such as x-webhook-token."
        raise ValueError(msg)


def header_text(what: str, text: str) -> str:
    """Return what is to stand in a header.

    :raises ValueError: if it cannot.
    """
    if not text.isascii() or not (text.isprintable() or not text):
        msg = f"{what}: only printable ASCII characters can stand in a header."
        raise ValueError(msg)
    return text


def seconds(setting: str, value: int) -> None:
    """Refuse what is no tolerance.

    :raises ValueError: if it is none.
    """
    if not 0 <= value <= _MOST_SECONDS:
        msg = f"{setting}: {value} is not a number of seconds from 0 to {_MOST_SECONDS}."
        raise ValueError(msg)


def one_of(setting: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a value that is none of the choices.

    :raises ValueError: if it is not.
    """
    if value not in choices:
        msg = f"{setting}: {value!r} is none of {', '.join(choices)}."
        raise ValueError(msg)
