"""What passes between an ASGI server and an application (https://asgi.readthedocs.io)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

# ASGI leaves these maps open, and servers put whatever they like into them.
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """Return one of the headers of a request, empty if it is not there; ``name`` in small letters."""
    for given, value in headers:
        if given == name:
            return bytes(value).decode("latin-1")
    return ""


async def lifespan(
    receive: Receive, send: Send, *, start: Callable[[], Awaitable[None]], stop: Callable[[], Awaitable[None]]
) -> None:
    """Start an application when its server does, and stop it when the server stops."""
    await receive()
    await start()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await stop()
    await send({"type": "lifespan.shutdown.complete"})
