"""The answers of the receiver, whose bodies are JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass

from airflow_provider_webwork.json_types import JSON
from airflow_provider_webwork.receiver.asgi import Scope, Send


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer.

    :param reason: a code for the log that says why; the sender does not see it.
    """

    status: int
    body: bytes
    reason: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


def answer(status: int, content: dict[str, JSON], *, reason: str, headers: dict[str, str] | None = None) -> Answer:
    """Make an answer with a JSON body."""
    extra = tuple((name.lower().encode(), value.encode()) for name, value in (headers or {}).items())
    return Answer(status, json.dumps(content).encode(), reason, extra)


def not_found(reason: str) -> Answer:
    """Say that there is nothing here, in the same bytes whether there never was or no longer is."""
    return answer(404, {"error": "Not found."}, reason=reason)


def unproven(reason: str) -> Answer:
    """Say that a delivery does not prove who sent it, in the same bytes whatever is wrong with it."""
    # An answer with 401 names a way to do better (https://www.rfc-editor.org/rfc/rfc9110#name-401-unauthorized);
    # there is no registered name for the signature of a webhook.
    headers = {"WWW-Authenticate": "Webhook"}
    return answer(401, {"error": "Not proven."}, reason=reason, headers=headers)


def unavailable(reason: str, *, retry_after: int) -> Answer:
    """Say that nothing was stored and that the same delivery is welcome in so many seconds."""
    headers = {"Retry-After": str(retry_after)}
    return answer(503, {"error": "Nothing was stored. Try again later."}, reason=reason, headers=headers)


async def send_answer(scope: Scope, send: Send, given: Answer) -> None:
    """Send an answer; nobody may be there any more to hear it."""
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(given.body)).encode()),
        *given.headers,
    ]
    body = b"" if scope["method"] == "HEAD" else given.body
    try:
        await send({"type": "http.response.start", "status": given.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
    except OSError:
        return  # the sender hung up: https://asgi.readthedocs.io/en/latest/specs/www.html#disconnected-client-send-exception
