"""Time and chance, and waits that somebody else can end."""

from __future__ import annotations

import datetime as dt
import queue
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_webwork.clock import utc_now
from airflow_provider_webwork.errors import WebWorkCancelledError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Time and chance, so that tests need neither.

    :param sleep: waits for a number of seconds.
    :param now: the present time, with a zone.
    :param monotonic: seconds on a clock that never goes back.
    :param jitter: a random number in [0, 1).
    """

    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], dt.datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random


class Interruption:
    """Sleep that ends when it is cancelled, from a signal handler or another thread.

    Airflow's handler of SIGTERM calls ``on_kill`` and returns (``airflow/sdk/execution_time/task_runner.py``), after
    which ``time.sleep`` goes on sleeping.
    """

    def __init__(self) -> None:
        # Of all that a thread can wait for, this may be set by a signal handler of the thread that waits: an Event has
        # a lock, which that thread may hold (https://docs.python.org/3/library/queue.html#queue.SimpleQueue.put).
        self._cancelled = queue.SimpleQueue[None]()

    def sleep(self, seconds: float) -> None:
        """Wait.

        :raises WebWorkCancelledError: as soon as it is cancelled, and at once if it was before.
        """
        try:
            self._cancelled.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return
        self._cancelled.put(None)
        raise WebWorkCancelledError("The task was cancelled while it waited to send a request to WebWork.")

    def cancel(self) -> None:
        """End this sleep and every later one."""
        self._cancelled.put(None)
