"""Requests of our own to callback URLs, of which no log may tell."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_TELLING = ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")
"""The loggers that write the URLs of requests: every one at DEBUG, one with an odd answer at WARNING."""


@contextmanager
def unlogged() -> Iterator[None]:
    """Keep what urllib3 tells of the requests of this thread to itself.

    The path of a callback URL is a secret key, and of a URL that is not ours, anything may be secret.
    """
    here = threading.get_ident()

    def is_of_others(_: logging.LogRecord) -> bool:
        return threading.get_ident() != here

    loggers = [logging.getLogger(name) for name in _TELLING]
    for each in loggers:
        each.addFilter(is_of_others)
    try:
        yield
    finally:
        for each in loggers:
            each.removeFilter(is_of_others)
