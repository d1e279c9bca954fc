"""Trying whether a callback URL reaches the receiver, by a marked delivery, which is no event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import requests

from airflow_provider_webwork.events.callbacks import key_of
from airflow_provider_webwork.events.marks import HEADER, new_mark
from airflow_provider_webwork.lifecycle.unlogged import unlogged
from airflow_provider_webwork.secrets import Vault

SECONDS = 30.0
"""How long a receiver may take to answer."""


class MarkedDelivery:
    """Sends marked deliveries.

    :param vault: makes the marks.
    :param now: tells the time in UTC.
    :param post: ``requests.post``, or what stands in for it.
    """

    def __init__(
        self, vault: Vault, *, now: Callable[[], datetime], post: Callable[..., requests.Response] = requests.post
    ) -> None:
        self._vault = vault
        self._now = now
        self._post = post

    def __call__(self, url: str) -> str | None:
        """Return why a delivery to a callback URL does not reach a receiver of this event log; ``None`` if it does."""
        mark = new_mark(self._vault, key=str(key_of(url)), now=self._now())
        try:
            with unlogged():
                response = self._post(url, json={}, headers={HEADER: mark}, timeout=SECONDS, allow_redirects=False)
        except (requests.RequestException, ValueError) as error:  # the latter for a redirect to what is no URL
            # Its text may hold the URL, which is a secret.
            return f"no answer ({type(error).__name__})"
        if response.status_code != 200:
            return f"the answer has status {response.status_code}"
        if not _is_marked(response):
            return "something else than a receiver of this event log answers"
        return None


def _is_marked(response: requests.Response) -> bool:
    try:
        answer = response.json()
    except requests.JSONDecodeError:
        return False
    return isinstance(answer, dict) and answer.get("status") == "marked"
