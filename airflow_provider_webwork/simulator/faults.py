"""Failures on order: which operation misbehaves, before or after its effect, in which way and how often."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "status", "close", "hang", "slow", "truncated", "html", "garbage", "empty", "content_type", "unsuccessful"
]
When = Literal["before", "after"]

ANY_OPERATION = "*"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way in which an operation fails.

    :param operation: the id of the operation, such as ``createWebhook``, ``v1CreateWebhook`` or ``issueToken``; ``*``
        means any.
    :param kind: ``status``: an error answer; ``close``: the connection is closed without an answer; ``hang``: the
        answer comes after ``seconds``; ``slow``: the body comes in pieces over ``seconds``; ``truncated``: the
        connection is closed in the middle of the body; ``html``: a web page instead of JSON; ``garbage``: what is
        said to be JSON is none; ``empty``: no body at all; ``content_type``: the JSON is said to be plain text;
        ``unsuccessful``: a 200 with ``success: false``.
    :param when: ``before`` the effect, which then never happens (a ``hang`` or ``slow`` only delays), or ``after`` it,
        so that a later read shows it.
    :param status: the HTTP status; by default 503 for ``status``, 500 for ``truncated`` without an effect, else 200.
    :param retry_after: seconds for a ``Retry-After`` header; by default 1 with status 429, else none.
    :param seconds: how long a ``hang`` or ``slow`` lasts; it ends early when the simulator stops.
    :param times: how many calls fail.
    :param skip: how many calls of the operation go well before that.
    """

    operation: str
    kind: Kind = "status"
    when: When = "before"
    status: int | None = None
    retry_after: int | None = None
    seconds: float = 30.0
    times: int = 1
    skip: int = 0

    def __post_init__(self) -> None:
        """Check the values.

        :raises ValueError: if a choice does not exist or a number makes no sense.
        """
        if self.kind not in get_args(Kind):
            raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}; not {self.kind!r}.")
        if self.when not in get_args(When):
            raise ValueError(f"when must be before or after; not {self.when!r}.")
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError(f"status must be between 200 and 599; not {self.status}.")
        if self.times < 1 or self.seconds < 0 or self.skip < 0:
            raise ValueError("times must be at least 1; seconds and skip must not be negative.")

    @property
    def headers(self) -> dict[str, str]:
        """The headers that this failure adds to an answer."""
        seconds = 1 if self.retry_after is None and self.status == 429 else self.retry_after
        return {} if seconds is None else {"Retry-After": str(seconds)}


@dataclass
class _Coming:
    fault: Fault
    skip: int
    left: int


class FaultPlan:
    """The failures still to come; of one operation, those ordered first come first.

    :param operations: the ids of the operations that can fail.
    """

    def __init__(self, operations: Collection[str]) -> None:
        self._operations = frozenset({*operations, ANY_OPERATION})
        self._lock = threading.Lock()
        self._coming: list[_Coming] = []

    def add(self, fault: Fault) -> None:
        """Order a failure.

        :raises ValueError: if the simulator has no such operation; the text names the nearest.
        """
        if fault.operation not in self._operations:
            near = difflib.get_close_matches(fault.operation, self._operations, cutoff=0.4)
            hint = f"nearest: {', '.join(near)}" if near else f"known: {', '.join(sorted(self._operations))}"
            raise ValueError(f"operation {fault.operation!r} is not simulated; {hint}.")
        with self._lock:
            self._coming.append(_Coming(fault, fault.skip, fault.times))

    def take(self, operation: str) -> Fault | None:
        """Return the failure that this call of an operation is due, and count it as done."""
        with self._lock:
            coming = next((each for each in self._coming if each.fault.operation in {operation, ANY_OPERATION}), None)
            if coming is None:
                return None
            if coming.skip:
                coming.skip -= 1
                return None
            coming.left -= 1
            if not coming.left:
                self._coming.remove(coming)
            return coming.fault

    def clear(self) -> None:
        """Forget every failure still to come."""
        with self._lock:
            self._coming.clear()
