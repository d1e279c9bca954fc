"""Whether a delivery is let in: by the key in its URL alone, or by the proof that its endpoint requires.

Observe, then enforce: until an endpoint requires a proof, whatever a delivery carries is tried and counted, and
refuses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_webwork.events.endpoint import BY_KEY, VERIFIED, Endpoint, Tried, key_id
from airflow_provider_webwork.receiver.proofs.observe import Observer
from airflow_provider_webwork.receiver.proofs.proof import Delivery, Verdict, verify
from airflow_provider_webwork.receiver.proofs.settings import RANKS, from_json, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """How a delivery fared at the door.

    :param proof: the name of the strongest proof that held.
    :param refused: why it is not let in; ``None`` if it is.
    :param sender_id: the sender's id of the delivery, if a proof that held covers one.
    :param tried: what to count.
    """

    proof: str
    tried: tuple[Tried, ...]
    refused: str | None = None
    sender_id: str | None = None


class Door:
    """Lets deliveries in that came with a key of their endpoint."""

    def __init__(self) -> None:
        self._observer = Observer()

    def admit(self, endpoint: Endpoint, delivery: Delivery, *, key_hash: str) -> Admission:
        """Try the proofs of a delivery; never raises for what it carries.

        :param key_hash: the hash of the key that it came with.
        :raises WebWorkConfigurationError: if the endpoint requires a proof that this version does not know.
        """
        by_key = Tried(BY_KEY, VERIFIED, key_id(key_hash))
        secrets = endpoint.accepted_secrets(at=delivery.received_at)
        if endpoint.required_proof is not None:
            verdict = verify(from_json(endpoint.required_proof), delivery, secrets)
            tried = (by_key, _tried(endpoint.required_proof, verdict))
            if not verdict.verified:
                return Admission(proof=BY_KEY, tried=tried, refused=verdict.outcome)
            return Admission(proof=verdict.proof, tried=tried, sender_id=verdict.sender_id)
        tries = self._observer.observe(endpoint.name, delivery, secrets)
        held = [verdict for _, verdict in tries if verdict.verified]
        strongest = min(held, key=lambda verdict: RANKS[verdict.proof], default=None)
        return Admission(
            proof=strongest.proof if strongest else BY_KEY,
            tried=(by_key, *(_tried(to_json(proof), verdict) for proof, verdict in tries)),
            sender_id=strongest.sender_id if strongest else None,
        )


def _tried(proof: str, verdict: Verdict) -> Tried:
    return Tried(proof, verdict.outcome, verdict.secret_id)
