"""What others wrote, on a terminal of ours."""

from __future__ import annotations

import unicodedata


def escaped(text: str) -> str:
    r"""Write out the characters of a text that are not printed, such as ESC as ``\x1b``.

    Names come from the members of a workspace, and others from whoever delivers: they must not clear, colour or
    rename the terminal of the person who looks at them. Spaces of all scripts stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or unicodedata.category(char) == "Zs" else _code(char) for char in text)


def _code(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
