"""The callback URL of an endpoint: where the receiver is reached, ``/hooks/``, and a key, which makes it a secret."""

from __future__ import annotations

from urllib.parse import urlsplit

from airflow_provider_webwork.secrets import hash_key

HOOKS = "/hooks/"
"""What stands before the key in the path of a callback, below where the receiver is mounted."""


def callback_url(base_url: str, key: str) -> str:
    """Return the URL that a sender calls; whoever has it may deliver.

    :param base_url: where WebWork reaches the receiver, without ``/hooks/...``.
    """
    return f"{base_url.rstrip('/')}{HOOKS}{key}"


def key_of(url: str) -> str | None:
    """Return the key in a callback URL; ``None`` if it has the form of no callback."""
    _, hooks, key = urlsplit(url).path.rpartition(HOOKS)
    return key if hooks and key and "/" not in key else None


def key_hash_of(url: str) -> str | None:
    """Return the hash of the key in a callback URL; ``None`` if it has the form of no callback."""
    key = key_of(url)
    return None if key is None else hash_key(key)


def base_of(url: str) -> str | None:
    """Return where a callback URL reaches the receiver; ``None`` if it has the form of no callback."""
    return None if key_of(url) is None else url.rpartition(HOOKS)[0]
