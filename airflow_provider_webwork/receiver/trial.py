"""Trying a deployment out: one delivery of our own, sent to a receiver as a sender would, and what its answer means."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import requests

from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.receiver.proofs.proof import Proof, Signed
from airflow_provider_webwork.secrets import redact_text

SECONDS = 30.0
"""How long a receiver may take to answer."""

_LONGEST_SHOWN = 300

_MEANINGS = {
    200: "The delivery is stored: network, proxy, key, proof and event log all work.",
    202: "The delivery is kept, but not as an event yet: the answer says why.",
    400: "Something on the way cut the body short.",
    401: "The endpoint requires a proof that this delivery does not have: see `airflow webwork endpoints show`. The "
    "secret may be another one, or the clocks of the two machines differ.",
    403: "Something in front of the receiver does not let this machine in, such as a list of addresses in a proxy.",
    404: "No receiver knows this URL: the key is unknown or expired, or a proxy changes the path on its way.",
    405: "Something on the way turned the POST into another method; a redirect from http to https does that.",
    408: "The body did not arrive in time.",
    413: "The body is larger than [webwork] receiver_max_body, or than a proxy allows.",
    429: "Something in front of the receiver limits the rate of requests.",
    502: "A proxy answers, but does not reach the receiver behind it: is it running, and where the proxy thinks it is?",
    503: "The receiver cannot store anything right now: its log says why. A sender should try again.",
    504: "A proxy answers, but the receiver behind it does not in time.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of a delivery.

    :param status: the HTTP status of the answer; ``None`` if there was none.
    :param text: the beginning of the answer, or why there was none.
    """

    status: int | None
    text: str

    @property
    def accepted(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def meaning(self) -> str:
        """What it means, and what to do about it."""
        if self.status is None:
            return f"No receiver answered: {self.text}"
        if 300 <= self.status < 400:
            return "The URL leads to another one. Senders of webhooks do not follow: register the URL it leads to."
        return _MEANINGS.get(self.status, "No receiver of ours answers this: another server listens there.")


def trial_body(type_: str, *, message_id: str, at: datetime) -> bytes:
    """Make the body of a delivery that says itself that it is a test."""
    content: dict[str, JSON] = {
        "event": type_,
        "event_id": message_id,
        "timestamp": at.isoformat(),
        "data": {"test": True},
    }
    return json.dumps(content).encode()


def signed_trial(proof: Proof | None, body: bytes, secret: str, *, message_id: str, at: datetime) -> Signed:
    """Make a delivery ready to be sent.

    :param proof: the proof that it carries; the key in the URL alone if ``None``.
    :raises ValueError: if it cannot be made with this secret.
    """
    signed = Signed(body=body, headers={}) if proof is None else proof.sign(body, secret, message_id=message_id, at=at)
    return Signed(body=signed.body, headers={"content-type": "application/json", **signed.headers})


def send(url: str, delivery: Signed, *, secrets: tuple[str, ...], post: Callable[..., requests.Response]) -> Reply:
    """Send a delivery; neither the URL nor a secret is in the reply.

    :param secrets: what must not be seen, whatever the receiver answers.
    :param post: :func:`requests.post`, or what stands in for it.
    """
    try:
        answer = post(
            url,
            data=delivery.body,
            headers=delivery.headers,
            timeout=SECONDS,
            allow_redirects=False,
            auth=_as_it_is,  # or requests would put an entry of .netrc into the header of a bearer token
        )
    except requests.Timeout:
        return Reply(status=None, text=f"there was no answer within {SECONDS:g} seconds.")
    except requests.exceptions.SSLError:
        return Reply(status=None, text="its certificate is not valid for this host name, or of an unknown authority.")
    except requests.ConnectionError:
        return Reply(status=None, text="no connection; check host name, port and firewall.")
    except (requests.RequestException, ValueError) as error:  # the latter for a redirect to what is no URL
        return Reply(status=None, text=f"the URL cannot be used ({type(error).__name__}).")
    # The URL itself may come back in the page of a proxy; every part of its path may be the key.
    return Reply(status=answer.status_code, text=redact_text(answer.text, secrets)[:_LONGEST_SHOWN])


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
