"""Senders that go on for ever, and send again what they were not told to be stored."""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count

from airflow_provider_webwork.errors import WebWorkLogUnavailableError
from airflow_provider_webwork.events.log import Stored
from tests.contract.appending import PATIENCE
from tests.contract.arrivals import arrival

IN_FLIGHT = 64
"""How many senders wait for an answer at the same time."""


def delivery(key):
    """Return an arrival that is the same event whenever it is sent."""
    return arrival(key=key, payload={"key": key})


def numbered(name):
    """Yield the keys of new events without end."""
    return (f"{name}-{number}" for number in count())


class Senders:
    """So many senders that ``in_flight`` arrivals wait all the time.

    :param appender: where they send to.
    :param keys: what they send, in this order.
    :param tell: called with each key as soon as its sender hears of success.

    ``refusal`` is set once a sender was refused; by then those who came before it have heard.
    """

    def __init__(self, appender, keys, *, tell, in_flight=IN_FLIGHT):
        self._appender, self._keys, self._tell = appender, keys, tell
        self._room = threading.BoundedSemaphore(in_flight)
        self._refused = queue.SimpleQueue()
        self.refusal = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self._thread.join()

    def run(self):
        for key in self._keys:
            self._send(key)
            while not self._refused.empty():
                self._stopped.wait(0.005)  # a moment, as Retry-After asks for
                self._send(self._refused.get())
            if self._stopped.is_set():
                return

    def _send(self, key):
        self._room.acquire()
        self._appender.submit(delivery(key)).add_done_callback(partial(self._heard, key))

    def _heard(self, key, outcome):
        if outcome.exception() is None:
            self._tell(key)
        elif isinstance(outcome.exception(), WebWorkLogUnavailableError):
            self._refused.put(key)
            self.refusal.set()
        self._room.release()


class Told:
    """What senders heard, for one who waits until they hear something."""

    def __init__(self):
        self.keys = set()
        self._changed = threading.Condition()

    def __call__(self, key):
        with self._changed:
            self.keys.add(key)
            self._changed.notify_all()

    def more(self, number, *, within=PATIENCE):
        """Wait until so many more were told."""
        with self._changed:
            enough = len(self.keys) + number
            assert self._changed.wait_for(lambda: len(self.keys) >= enough, within), "nothing more is told"


def unheard(name, told):
    """Return the keys that may have been sent and whose senders heard nothing."""
    sent = sum(key.startswith(f"{name}-") for key in told) + IN_FLIGHT
    return [key for key, _ in zip(numbered(name), range(sent), strict=False) if key not in told]


def acknowledging_first(append_all, behind=None):
    """Return an ``append_all`` with the oldest fault of receivers: it tells success, then stores.

    :param behind: the executor that stores; its own, which nobody waits for, if not given.
    """
    behind = behind or ThreadPoolExecutor(max_workers=1)

    def acknowledge(arrivals):
        behind.submit(append_all, arrivals)
        return [Stored(each.event.id, 0, repeated=False) for each in arrivals]

    return acknowledge
