"""An appender that runs while a test looks at it, and a gate in front of the log."""

import threading
from concurrent.futures import wait
from contextlib import contextmanager

from airflow_provider_webwork.events.append import Appender
from tests.contract.arrivals import arrival

PATIENCE = 30


class Gate:
    """Stands before the log: holds the writer back until it is opened, and notes the sizes of transactions."""

    def __init__(self, append_all):
        self._append_all = append_all
        self._open = threading.Event()
        self.reached = threading.Event()
        self.sizes: list[int] = []

    def __call__(self, arrivals):
        self.reached.set()
        assert self._open.wait(PATIENCE)
        self.sizes.append(len(arrivals))
        return self._append_all(arrivals)

    def open(self):
        self._open.set()


@contextmanager
def writing(append_all, *, capacity=1_000):
    appender = Appender(append_all, capacity=capacity)
    try:
        yield appender
    finally:
        appender.close()


def outcomes(futures):
    """Return where each arrival is, or for all that belong together the one error that they ended with."""
    wait(futures, PATIENCE)
    return [told for future in futures for told in ([future.exception(0)] if future.exception(0) else future.result(0))]


def submit_behind(gate, appender, arrivals):
    """Submit one arrival that keeps the writer busy, then the others, which so come to wait together."""
    first = appender.submit(arrival())
    assert gate.reached.wait(PATIENCE)
    return [first, *map(appender.submit, arrivals)]
