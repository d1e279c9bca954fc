"""The simulator as a Python object: a server in a thread, and the levers that a test pulls."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from airflow_provider_webwork.simulator.app import OPERATION_IDS, V2_ROOT, build_app
from airflow_provider_webwork.simulator.deliveries import Delivery, DeliveryPolicy
from airflow_provider_webwork.simulator.faults import Fault, Kind, When
from airflow_provider_webwork.simulator.pages import PageShape, Paging
from airflow_provider_webwork.simulator.shape import DeliveryShape
from airflow_provider_webwork.simulator.state import Credentials, Workspace
from airflow_provider_webwork.simulator.webhooks import Webhook
from airflow_provider_webwork.simulator.world import Emitted, LoggedRequest, World


def current_time() -> datetime:
    """Return the time of the machine, in UTC."""
    return datetime.now(UTC)


class Simulator:
    """A WebWork of your own, for as long as the ``with`` block lasts::

        with Simulator() as webwork:
            client = connect(webwork.base_url_v2, webwork.token)
            client.create_webhook(url=my_receiver, events=["tracker.started"])
            webwork.start_tracker(7)
            webwork.wait_for_deliveries(1)

    The same seed gives the same members, ids, tokens and payloads; times come from ``now``.

    :param seed: from which all data follow.
    :param host: the address to listen on; the control API is open to whoever reaches it.
    :param port: the port to listen on; 0 takes a free one.
    :param token: the access token of API v2 to accept; by default one that follows from the seed.
    :param now: the clock; it must return aware datetimes.
    :param members: how many members there are; their ids count from 1 and Member 7 has the id 7.
    :param role: the role of the owner of the token; other roles than ``Owner`` and ``Executive manager`` meet 403.
    :param page_shape: ``max_rows``, ``meta_pagination``, ``top_level_pagination`` or ``bare_array`` for every listing;
        by default the documented one of each.
    :param page_size: rows a page unless the call says otherwise; by default the documented 50 or 20.
    :param unique_urls: refuse to register a URL twice.
    :param shape: what deliveries look like.
    :param policy: how often and how patiently deliveries are tried.
    """

    workspace_id: int
    """The id of the only workspace."""

    def __init__(
        self,
        *,
        seed: int = 7,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        now: Callable[[], datetime] = current_time,
        members: int = 25,
        role: str = "Owner",
        page_shape: PageShape | None = None,
        page_size: int | None = None,
        unique_urls: bool = False,
        shape: DeliveryShape | None = None,
        policy: DeliveryPolicy | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._world = World(
            seed=seed,
            workspace=Workspace.from_seed(seed, members=members, role=role),
            credentials=Credentials.from_seed(seed, token=token),
            paging=Paging(shape=page_shape, size=page_size),
            shape=shape or DeliveryShape(),
            policy=policy or DeliveryPolicy(),
            unique_urls=unique_urls,
            operations=OPERATION_IDS,
            now=now,
        )
        self.workspace_id = self._world.workspace.id
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._url: str | None = None

    def start(self) -> None:
        """Listen, and serve from a daemon thread.

        :raises OSError: if the address cannot be listened on.
        """
        if self._thread is not None:
            raise RuntimeError("The simulator runs already.")
        ipv6 = ":" in self._host
        listener = socket.create_server((self._host, self._port), family=socket.AF_INET6 if ipv6 else socket.AF_INET)
        # asyncio sets this on sockets that name their protocol alone; without it each answer waits 40 ms for an ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._url = f"http://{f'[{self._host}]' if ipv6 else self._host}:{listener.getsockname()[1]}"
        self._server = _Server(self._world)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="webwork-simulator", daemon=True
        )
        self._world.deliveries.start()
        # The socket listens already: whoever connects before the server thread is ready waits in its backlog.
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and delivering, and wait for the threads; what is due is dropped."""
        if self._thread is None or self._server is None:
            return
        self._server.should_exit = True
        self._world.deliveries.stop()
        self._thread.join()
        self._server = self._thread = self._url = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The root of the server, such as ``http://127.0.0.1:41237``."""
        if self._url is None:
            raise RuntimeError("The simulator has no URL before it is started: use it in a with statement.")
        return self._url

    @property
    def base_url_v2(self) -> str:
        """What takes the place of ``https://api.webwork-tracker.com/api/v2``."""
        return self.url + V2_ROOT

    @property
    def base_url_v1(self) -> str:
        """What takes the place of ``https://www.webwork-tracker.com``: paths of API v1 begin with ``/rest-api``."""
        return self.url

    @property
    def token(self) -> str:
        """The access token of API v2."""
        return self._world.credentials.token

    @property
    def login(self) -> str:
        """The user name of API v1."""
        return self._world.credentials.login

    @property
    def password(self) -> str:
        """The password of API v1."""
        return self._world.credentials.password

    @property
    def webhooks(self) -> tuple[Webhook, ...]:
        """The registered webhooks, oldest first, with their tokens."""
        with self._world.lock:
            return self._world.webhooks.all()

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The deliveries made so far: one for each attempt, in the order of their answers."""
        return self._world.deliveries.log()

    @property
    def requests(self) -> tuple[LoggedRequest, ...]:
        """The requests that reached the API, in the order of their arrival."""
        return tuple(self._world.requests)

    def start_tracker(self, user_id: int) -> Emitted:
        """Clock a member in on the member's own contract, as the member would do in the browser.

        :raises RefusedError: if there is no such member, or the tracker runs already.
        """
        contract_id = self._world.member(user_id).contract_id
        return self._world.start_tracker(user_id, contract_id=contract_id)[1]

    def stop_tracker(self, user_id: int) -> Emitted:
        """Clock a member out.

        :raises RefusedError: if there is no such member, or no tracker runs.
        """
        return self._world.stop_tracker(user_id)[1]

    def deliver(self, event_type: str, /, **data: Any) -> Emitted:
        """Send an event of any type, with exactly this payload, to every webhook that asked for the type.

        :raises TypeError: if the payload is not JSON.
        """
        return self._world.emit(event_type, data)

    def wait_for_deliveries(
        self, count: int, timeout: float = 10.0, *, accepted_only: bool = False
    ) -> tuple[Delivery, ...]:
        """Wait until so many deliveries have been made in all, and return them.

        :param timeout: seconds to wait at most.
        :param accepted_only: count only those that were answered with 2xx.
        :raises TimeoutError: if there are fewer by then; the text shows what was answered.
        """
        return self._world.deliveries.wait_for(count, timeout=timeout, accepted_only=accepted_only)

    def fault(
        self,
        operation: str,
        *,
        kind: Kind = "status",
        when: When = "before",
        status: int | None = None,
        retry_after: int | None = None,
        seconds: float = 30.0,
        times: int = 1,
    ) -> None:
        """Let the next calls of an operation fail; see :class:`Fault` for the arguments.

        :raises ValueError: if there is no such operation or failure.
        """
        self._world.faults.add(
            Fault(
                operation=operation,
                kind=kind,
                when=when,
                status=status,
                retry_after=retry_after,
                seconds=seconds,
                times=times,
            )
        )

    def reset(self) -> None:
        """Begin again: no webhook, no tracker, no fault, no log; the address and the credentials stay."""
        self._world.reset()


class _Server(uvicorn.Server):
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
