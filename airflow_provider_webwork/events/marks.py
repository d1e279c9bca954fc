"""Marked deliveries: our own, which show that an endpoint can be reached from where they are sent, and are no events.

A mark is made with ``[webwork] secret_key``, which every process that knows an endpoint has and nobody outside does.
It is good for one callback key and for a few minutes; to send it again does no more than the first time.
"""

from __future__ import annotations

from datetime import datetime

from airflow_provider_webwork.secrets import Vault, hash_key

HEADER = "X-WebWork-Provider-Mark"
"""The header of a delivery that holds its mark."""

SECONDS = 300
"""How long a mark is good for, which is also how far the clocks of two machines may differ, nearly."""

_LONGEST = 1_000


def new_mark(vault: Vault, *, key: str, now: datetime) -> str:
    """Make the mark for a delivery to the callback URL with this key.

    :raises WebWorkSecretError: if there is no usable secret key.
    """
    return vault.seal(_statement(key), now=now)


def is_mark(mark: str, vault: Vault, *, key: str, now: datetime) -> bool:
    """Whether a mark is one of ours, for a delivery to the callback URL with this key, and not old."""
    return len(mark) <= _LONGEST and vault.unsealed(mark, seconds=SECONDS, now=now) == _statement(key)


def _statement(key: str) -> str:
    return f"marked delivery to {hash_key(key)}"
