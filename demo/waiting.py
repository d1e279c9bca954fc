"""Waiting for what other processes do, with a limit and a sentence for when it does not happen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


class DemoError(Exception):
    """The demo cannot go on; the text is the sentence that says why."""


class TooLateError(DemoError):
    """Something did not happen within its time."""


def wait_for(
    what: str,
    look: Callable[[], _T | None],
    *,
    seconds: float,
    pause: float = 0.1,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> _T:
    """Look again and again until there is something, and return it.

    :param what: what is waited for, as the end of the sentence "waited for ...".
    :param look: returns what there is, or ``None`` as long as there is nothing.
    :param seconds: how long to look at most.
    :raises TooLateError: if there is nothing by then.
    """
    until = clock() + seconds
    while (seen := look()) is None:
        if clock() >= until:
            msg = f"Waited {seconds:.0f} s in vain for {what}."
            raise TooLateError(msg)
        sleep(pause)
    return seen
