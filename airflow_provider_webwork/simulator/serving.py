"""The application behind a socket: uvicorn, with a way to close connections and to let go of hanging answers."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from airflow_provider_webwork.simulator.app import build_app
from airflow_provider_webwork.simulator.world import World


class Server(uvicorn.Server):
    """The server of the application, which can also close a single connection and let go of hanging answers."""

    def __init__(self, world: World) -> None:
        self.closing = asyncio.Event()
        super().__init__(
            uvicorn.Config(
                build_app(world, connections=self),
                loop="asyncio",
                http=H11Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=5,
            )
        )

    def drop(self, client: tuple[str, int]) -> None:
        """Close the connection of a client, after what was already written to it."""
        for connection in self.server_state.connections:
            if isinstance(connection, H11Protocol) and connection.client == client:
                connection.transport.close()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the server, hanging answers first."""
        self.closing.set()
        await super().shutdown(sockets)
