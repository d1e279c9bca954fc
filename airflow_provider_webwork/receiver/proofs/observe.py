"""Recognising what a delivery carries, before anybody said how its sender signs.

WebWork documents no delivery, so whatever looks like a token or a signature is tried with every secret that the
endpoint has, in the usual ways.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain

from airflow_provider_webwork.events.endpoint import Secret
from airflow_provider_webwork.receiver.proofs.checks import HEADER_NAME_BYTES
from airflow_provider_webwork.receiver.proofs.hmacs import KEYED_WITH, Hmac
from airflow_provider_webwork.receiver.proofs.proof import Delivery, UnprovenError, Verdict, verify
from airflow_provider_webwork.receiver.proofs.settings import AnyProof
from airflow_provider_webwork.receiver.proofs.signatures import MOST_SIGNATURES
from airflow_provider_webwork.receiver.proofs.standard import StandardWebhooks
from airflow_provider_webwork.receiver.proofs.tokens import Bearer, FieldToken, HeaderToken

MOST_TRIED = 4
"""How many headers of a delivery are tried: no sender needs more, and each costs time."""

MOST_REMEMBERED = 1_000

_TELLING = re.compile(rb"signature|hmac|token|secret|api-?key|^authorization")
_BESIDES = re.compile(rb"timestamp|date|version|algorithm|csrf|xsrf")
_SIGNING = re.compile(rb"signature|hmac")
_SIGNATURE = re.compile(
    rb"(?P<prefix>[A-Za-z0-9_.-]{1,20}[=:])??"
    rb"(?:(?P<hex256>[0-9a-fA-F]{64})|(?P<hex512>[0-9a-fA-F]{128})"
    rb"|(?P<base64256>[A-Za-z0-9+/]{43}=)|(?P<base64512>[A-Za-z0-9+/]{86}==))"
)
_STAMP_FIELD = re.compile(rb"(?:^|,)[ \t]*t=\d")
_SCHEME = re.compile(rb"([A-Za-z]{1,20} )[^ ,]+")
_FIELD = "token"
_SIGNED_WITH_STAMP = ("", "v0:{timestamp}:{body}", "{timestamp}{body}", "{timestamp}:{body}")

Tries = list[tuple[AnyProof, Verdict]]


class Observer:
    """Tries what deliveries carry, and remembers for each endpoint and header in which way it held."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], AnyProof] = {}

    def observe(self, endpoint: str, delivery: Delivery, secrets: Sequence[Secret]) -> Tries:
        """Return what came of each token and signature that a delivery carries; never raises.

        Of those that do not hold, the most likely reading is returned.
        """
        tries = []
        for name in _telling(delivery):
            held = self._held.get((endpoint, name))
            readings = _readings(name, delivery)
            tries.append(_best(chain([held], readings) if held else readings, delivery, secrets))
            if tries[-1][1].verified and tries[-1][0] is not held:
                if len(self._held) >= MOST_REMEMBERED:
                    self._held.clear()
                self._held[endpoint, name] = tries[-1][0]
        if b'"token"' in delivery.body or b"token=" in delivery.body:
            proof = FieldToken(field=_FIELD)
            verdict = verify(proof, delivery, secrets)
            if verdict.outcome != "missing":
                tries.append((proof, verdict))
        return tries


def _telling(delivery: Delivery) -> list[str]:
    """Return the names of the headers that look like a token or a signature."""
    names = {
        name: None
        for name, _ in delivery.headers
        if _TELLING.search(name) and not _BESIDES.search(name) and HEADER_NAME_BYTES.fullmatch(name)
    }
    return [name.decode() for name in names][:MOST_TRIED]


def _readings(name: str, delivery: Delivery) -> Iterator[AnyProof]:
    """Yield what a header may be, the most likely first; at least one."""
    try:
        value = delivery.header(name)
    except UnprovenError:
        value = b""
    if name.endswith("-signature") and value.startswith(b"v1,"):
        yield StandardWebhooks(prefix=name.removesuffix("-signature"))
    elif _SIGNING.search(name.encode()):
        yield from _signatures(name, value, delivery)
    elif name == "authorization" and value[:7].lower() == b"bearer ":
        yield Bearer()
    else:
        scheme = _SCHEME.fullmatch(value)
        yield HeaderToken(header=name, prefix=scheme[1].decode() if scheme else "")


def _signatures(name: str, value: bytes, delivery: Delivery) -> Iterator[AnyProof]:
    parts = [part.strip(b" \t") for part in value.split(b",", MOST_SIGNATURES)]
    found = next((match for part in parts if (match := _SIGNATURE.fullmatch(part))), None)
    if found is None:
        yield Hmac(header=name)
        return
    kind = found.lastgroup or ""
    plain = Hmac(
        header=name,
        algorithm="sha256" if kind.endswith("256") else "sha512",
        encoding="hex" if kind.startswith("hex") else "base64",
        prefix=(found["prefix"] or b"").decode(),
    )
    if _STAMP_FIELD.search(value):
        yield from _usual_ways(replace(plain, timestamp_field="t"))
    elif stamp_header := _stamp_header(delivery):
        yield from _usual_ways(replace(plain, timestamp_header=stamp_header))
    yield from _usual_ways(plain)


@lru_cache(maxsize=256)  # to make a proof takes longer than to try it
def _usual_ways(proof: Hmac) -> tuple[Hmac, ...]:
    stamped = proof.timestamp_field or proof.timestamp_header
    return tuple(
        replace(proof, keyed_with=form, signed=way)
        for form in KEYED_WITH
        for way in (_SIGNED_WITH_STAMP if stamped else ("",))
    )


def _stamp_header(delivery: Delivery) -> str | None:
    return next(
        (
            name.decode()
            for name, value in delivery.headers
            if b"timestamp" in name and HEADER_NAME_BYTES.fullmatch(name) and value
        ),
        None,
    )


def _best(readings: Iterable[AnyProof], delivery: Delivery, secrets: Sequence[Secret]) -> tuple[AnyProof, Verdict]:
    likely: tuple[AnyProof, Verdict] | None = None
    for proof in readings:
        verdict = verify(proof, delivery, secrets)
        if verdict.verified or verdict.outcome in {"too_old", "too_new"}:
            return proof, verdict
        likely = likely or (proof, verdict)
    if likely is None:
        msg = "A header that looks like a proof has a reading."
        raise AssertionError(msg)
    return likely
