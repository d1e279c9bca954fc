"""What the receiver would do if storing cost nothing: ``python -m benchmarks.no_store [--bare] --port PORT``.

The receiver itself, with everything up to the event log; or, for what is left then, an application that reads a
request and answers 200, on the same server.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from airflow_provider_webwork.events.log import Arrival, Stored
from airflow_provider_webwork.receiver import __main__ as program
from airflow_provider_webwork.receiver import app, intake, server
from airflow_provider_webwork.receiver.asgi import Receive, Scope, Send


class NothingIsStored:
    """Takes the place of the thread that appends to the event log."""

    length = 0

    def __init__(self, *_: object, **__: object) -> None:
        self._count = 0

    async def append(self, *arrivals: Arrival) -> list[Stored]:
        """Say that arrivals were stored when it is the event loop's turn again."""
        self._count += len(arrivals)
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[list[Stored]] = loop.create_future()
        loop.call_soon(
            outcome.set_result, [Stored(arrival.event.id, self._count, repeated=False) for arrival in arrivals]
        )
        return await outcome

    def close(self) -> None:
        """Do nothing."""


class OnlyAnswers(app.Receiver):
    """Takes the place of the receiver."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read a request and answer 200."""
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
            return
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})


def main(arguments: Sequence[str]) -> int:
    """Run the receiver without its store."""
    setattr(intake, "LoopAppender", NothingIsStored)  # noqa: B010 - mypy does not let a class be replaced by another one
    if "--bare" in arguments:
        setattr(server, "Receiver", OnlyAnswers)  # noqa: B010
    return program.main([argument for argument in arguments if argument != "--bare"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
