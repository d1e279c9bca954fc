"""What endpoints and consumers may be called. It stands alone: every Dag file that names one checks it when parsed."""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,62}")


def checked_name(name: object, *, of: str) -> str:
    """Return the name if it is one that an endpoint or a consumer can have.

    :param of: the argument that names it, such as ``endpoint``.
    :raises ValueError: if it is not.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        msg = (
            f"{of}: {name!r} is not a name. Use a small letter, then up to 62 small letters, digits, `_`, `.` or `-`, "
            "such as 'payroll'. Names are global, so put your team in front."
        )
        raise ValueError(msg)
    return name
