"""The receiver on uvicorn, from the first request to the last answer."""

from __future__ import annotations

import signal
import socket
import sys
from contextlib import suppress
from time import monotonic
from types import FrameType

from airflow_provider_webwork.receiver.app import Receiver
from airflow_provider_webwork.receiver.protocol import protocol_class
from airflow_provider_webwork.receiver.systemd import tell_systemd, watchdog_seconds

KEEP_ALIVE_SECONDS = 5
DRAIN_SECONDS = 30
"""How long requests that are being answered may take once the process was asked to stop."""


def run(
    receiver: Receiver,
    listener: socket.socket,
    *,
    connections: int,
    header_seconds: float,
    access_log: bool,
) -> bool:
    """Serve until SIGTERM or SIGINT comes, and return whether it ever came to that.

    :param connections: how many there may be at once.
    :param header_seconds: how long a connection may take to say what it wants.
    :param access_log: whether every request is logged, without its key.
    """
    import uvicorn

    class Server(uvicorn.Server):
        """Tells systemd when deliveries are taken, when no longer, and that the event loop turns."""

        _watched = watchdog_seconds()
        _told = 0.0

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                tell_systemd("READY=1")

        async def on_tick(self, counter: int) -> bool:
            if self._watched is not None and monotonic() - self._told >= self._watched:
                tell_systemd("WATCHDOG=1")
                self._told = monotonic()
            return await super().on_tick(counter)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            tell_systemd("STOPPING=1")
            await super().shutdown(sockets)

    # Python lets a thread run for 5 ms before the next one; the event loop and the thread that stores wait for each
    # other with every delivery (a quarter more deliveries a second, measured on two cores).
    sys.setswitchinterval(0.0005)
    server = Server(
        uvicorn.Config(
            receiver,
            http=protocol_class(connections=connections, header_seconds=header_seconds),
            ws="none",
            lifespan="on",
            interface="asgi3",
            log_config=None,
            access_log=access_log,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )

    def stop(_: int, __: FrameType | None) -> None:
        server.should_exit = True

    # After it has drained, uvicorn raises the signal once more for the handler that was there before; with the
    # default one a clean stop would end as a kill.
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with suppress(SystemExit):  # by which uvicorn tells that the application did not start
            server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return server.started
