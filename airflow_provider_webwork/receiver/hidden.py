"""Keeping callback keys out of access logs, with the receiver on or off.

Loads neither the event log nor SQLAlchemy: Airflow's API server imports this while the receiver is off.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from airflow_provider_webwork.receiver.answers import not_found, send_answer
from airflow_provider_webwork.receiver.asgi import Receive, Scope, Send, lifespan
from airflow_provider_webwork.receiver.health import PATHS
from airflow_provider_webwork.secrets import MASK

_AFTER_HOOKS = re.compile(r"hooks\W.*", re.IGNORECASE | re.DOTALL)
_OPEN_PATHS = frozenset({"", "/", "/hooks", *PATHS})


def take_path(scope: Scope) -> str:
    """Return the path of a request below where the application is mounted, and hide it from whoever logs later.

    Servers and middlewares write their access logs from the same scope, after the application answered: uvicorn
    reads ``path`` and ``query_string``, others ``raw_path``. What follows ``hooks`` is hidden however it is written
    or escaped, and so is all of a path that nobody serves, because a callback URL may have been typed wrongly.
    """
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    # Starlette leaves the prefix of a mount in the path and names it in root_path; other servers cut it off.
    mounted = root and path.startswith(root) and path[len(root) : len(root) + 1] in {"", "/"}
    prefix, below = (root, path[len(root) :]) if mounted else ("", path)
    if below not in _OPEN_PATHS:
        shown, hooks = _AFTER_HOOKS.subn(f"hooks/{MASK}", below)
        scope["path"] = prefix + (shown if hooks else f"/{MASK}")
        scope["raw_path"] = _raw(scope["path"])
    scope["query_string"] = b""  # nobody reads it, and a key may have been put there
    return below


@lru_cache(maxsize=16)  # of paths that tell nothing any more
def _raw(path: str) -> bytes:
    return quote(path, safe="/*").encode("ascii")


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """An application for where the receiver is off: whatever is asked, there is nothing here, and no log tells what."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send, start=_nothing, stop=_nothing)
    elif scope["type"] == "websocket":
        take_path(scope)
        await send({"type": "websocket.close"})
    else:
        take_path(scope)
        await send_answer(scope, send, not_found("receiver_off"))


async def _nothing() -> None:
    """Do what it takes to start and to stop here."""
