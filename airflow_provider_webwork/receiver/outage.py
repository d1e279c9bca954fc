"""Telling of an outage once when it begins and once when it is over."""

from __future__ import annotations

import logging

from airflow_provider_webwork.errors import WebWorkError

log = logging.getLogger(__name__)


class Outage:
    """Whether something that is tried again and again works right now.

    :param what: what does not work while it lasts, as the start of a sentence.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._lasts = False

    @property
    def lasts(self) -> bool:
        """Whether the last try failed."""
        return self._lasts

    def failed(self, error: Exception) -> None:
        """Take note of a failed try."""
        if not self._lasts:
            # Only our own texts are known to hold no secret.
            reason = str(error) if isinstance(error, WebWorkError) else type(error).__name__
            log.error("%s: %s", self._what, reason)
        self._lasts = True

    def worked(self) -> None:
        """Take note of a try that worked."""
        if self._lasts:
            log.info("%s: over.", self._what)
        self._lasts = False
