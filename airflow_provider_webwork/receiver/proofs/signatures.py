"""What the proofs by signature share: trying secrets until one fits."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Sequence

from airflow_provider_webwork.events.endpoint import Secret
from airflow_provider_webwork.receiver.proofs.proof import UnprovenError

MOST_SIGNATURES = 16
"""How many signatures one header may hold; senders that rotate their secret send one for each."""


def fitting(
    signatures: Sequence[bytes],
    secrets: Sequence[Secret],
    *,
    key: Callable[[Secret], bytes],
    sign: Callable[[bytes], bytes],
) -> Secret:
    """Return the secret that one of the signatures was made with.

    :param key: makes a key of a secret, an empty one if it cannot.
    :param sign: makes the signature that is expected for a key.
    :raises UnprovenError: if there is none.
    """
    usable = False
    for secret in secrets:
        made = key(secret)
        if made:  # anybody could sign with an empty one
            usable = True
            expected = sign(made)
            if any(hmac.compare_digest(given, expected) for given in signatures):
                return secret
    raise UnprovenError("mismatch" if usable else "no_secret")


def decoded(secret: Secret) -> bytes:
    """Return the bytes that a secret such as ``whsec_MfKQ9r8G`` writes in base64; none if it writes none."""
    text = secret.bare
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return b""
