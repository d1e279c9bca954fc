"""Proofs by their names and settings: as people write them, and as the event log keeps them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from functools import lru_cache
from typing import TypeAlias

from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.events.endpoint import BY_KEY
from airflow_provider_webwork.events.observed import ObservedProof
from airflow_provider_webwork.receiver.proofs.hmacs import Hmac
from airflow_provider_webwork.receiver.proofs.proof import Proof
from airflow_provider_webwork.receiver.proofs.standard import StandardWebhooks
from airflow_provider_webwork.receiver.proofs.tokens import Bearer, FieldToken, HeaderToken

AnyProof: TypeAlias = StandardWebhooks | Hmac | Bearer | HeaderToken | FieldToken

PROOFS: Mapping[str, type[AnyProof]] = {
    each.name: each for each in (StandardWebhooks, Hmac, Bearer, HeaderToken, FieldToken)
}
"""Every proof besides the key in the URL, the one that says most first."""

RANKS: Mapping[str, int] = {name: rank for rank, name in enumerate(PROOFS)}
"""Where each of them stands: the lower, the more it says."""

_HEADERS = frozenset({"header", "timestamp_header"})


def make_proof(name: str, settings: Mapping[str, object]) -> AnyProof:
    """Make a proof.

    :param name: one of :data:`PROOFS`.
    :param settings: values for some of its fields; numbers may be text.
    :raises ValueError: if there is no such proof, or it has no such settings.
    """
    if name not in PROOFS:
        msg = f"There is no proof {name!r}. Use {', '.join(PROOFS)}, or {BY_KEY} for the key in the URL alone."
        raise ValueError(msg)
    kind = PROOFS[name]
    known = {each.name: each for each in fields(kind)}
    unknown = [each for each in settings if each not in known]
    if unknown:
        msg = f"The proof {name} has no setting {unknown[0]!r}; it has {', '.join(known) or 'none'}."
        raise ValueError(msg)
    missing = [each.name for each in known.values() if each.default is MISSING and each.name not in settings]
    if missing:
        msg = f"The proof {name} needs the setting {missing[0]}, such as {missing[0]}=x-signature."
        raise ValueError(msg)
    make: Callable[..., AnyProof] = kind
    return make(**{setting: _value(setting, str(value), known[setting].default) for setting, value in settings.items()})


@lru_cache(maxsize=1024)
def to_json(proof: Proof) -> str:
    """Return a proof as the event log keeps it: its name and those settings that are not the usual ones."""
    settings = {
        each.name: getattr(proof, each.name)
        for each in fields(PROOFS[proof.name])
        if getattr(proof, each.name) != each.default
    }
    return json.dumps({"proof": proof.name, **settings})


@lru_cache(maxsize=1024)
def from_json(text: str) -> AnyProof:
    """Return the proof that the event log keeps.

    :raises WebWorkConfigurationError: if this version has no such proof.
    """
    try:
        settings = json.loads(text)
        return make_proof(settings.pop("proof"), settings)
    except (ValueError, KeyError) as error:
        msg = f"An endpoint requires a proof that this version does not know: {error} Upgrade this receiver."
        raise WebWorkConfigurationError(msg) from None


def words(text: str) -> str:
    """Return a proof of the event log as people write it on the command line, such as ``hmac header=x-signature``."""
    if text == BY_KEY:
        return text
    settings = json.loads(text)
    return shlex.join([settings.pop("proof"), *(f"{name}={value}" for name, value in settings.items())])


def proposal(observed: Iterable[ObservedProof]) -> str | None:
    """Return the proof that says most among those that were seen to hold, as the event log keeps it.

    ``None`` if none was but the key in the URL.
    """
    proofs = {each.proof for each in observed if each.verified and each.proof != BY_KEY}
    return min(proofs, key=lambda proof: RANKS[from_json(proof).name], default=None)


def _value(setting: str, text: str, default: object) -> str | int:
    if isinstance(default, int):
        if not text.isdecimal():
            msg = f"{setting}: {text!r} is not a whole number."
            raise ValueError(msg)
        return int(text)
    return text.lower() if setting in _HEADERS else text
