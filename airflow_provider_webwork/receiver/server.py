"""The receiver as a process of its own, on uvicorn."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

from airflow_provider_webwork.config import Settings
from airflow_provider_webwork.errors import WebWorkConfigurationError, WebWorkError, WebWorkLogUnavailableError
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.app import Receiver
from airflow_provider_webwork.receiver.protocol import protocol_class
from airflow_provider_webwork.secrets import Vault

log = logging.getLogger(__name__)

BAD_CONFIGURATION = 2
"""The exit code for what a restart does not help against."""

KEEP_ALIVE_SECONDS = 5
DRAIN_SECONDS = 30
"""How long requests that are being answered may take once the process was asked to stop."""

OTHER_FILES = 100
"""How many files the process opens besides connections, at most: those of the event log and of Python itself."""


def serve(
    settings: Settings,
    *,
    log_url: str,
    host: str | None = None,
    port: int | None = None,
    access_log: bool = False,
    say: Callable[[str], None] | None = None,
) -> int:
    """Run the receiver until SIGTERM or SIGINT and return the exit code of the process.

    On SIGTERM it takes no new connection, answers what it has begun, stores what waits, and returns 0. A
    configuration that cannot work, or a port that is taken, is said in one sentence and returns 2. An event log
    that is away is waited for.

    :param settings: the options of ``[webwork]``.
    :param log_url: the event log to store to.
    :param host: instead of the option ``receiver_host``.
    :param port: instead of the option ``receiver_port``; 0 for any free one.
    :param access_log: whether every request is logged, without its key.
    :param say: shows a line to whoever started the process; standard error if not given.
    """
    say = say or _to_standard_error
    host = settings.receiver_host if host is None else host
    port = settings.receiver_port if port is None else port
    try:
        _check(settings, log_url, say=say)
        listener = _listen(host, port)
    except WebWorkError as error:
        say(f"The receiver does not start. {error}")
        return BAD_CONFIGURATION
    shown = f"[{host}]" if ":" in host else host
    say(f"The receiver listens on http://{shown}:{listener.getsockname()[1]}")
    protocol = protocol_class(
        connections=_room_for(settings.receiver_connections, say=say),
        header_seconds=settings.receiver_header_timeout,
    )
    _run(Receiver(settings, log_url=log_url), listener, protocol=protocol, access_log=access_log)
    say("The receiver stopped.")
    return 0


def _check(settings: Settings, log_url: str, *, say: Callable[[str], None]) -> None:
    store = Store(log_url, auto_upgrade=settings.auto_upgrade)
    say(f"The event log is {store.name}")
    try:
        Endpoints(store, Vault(settings.secret_keys)).list()
    except WebWorkLogUnavailableError as error:
        say(f"{error} Until then deliveries get 503.")
    finally:
        store.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        msg = (
            f"It cannot listen on {host} port {port}: {reason}. Is another receiver running there? "
            "Else set [webwork] receiver_host and receiver_port."
        )
        raise WebWorkConfigurationError(msg) from None


def _room_for(connections: int, *, say: Callable[[str], None]) -> int:
    """Make room for connections among the files that the process may open; return for how many there is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        connections = max(1, allowed - OTHER_FILES)
        say(
            f"The receiver keeps {connections} connections at once and not {wanted - OTHER_FILES}, because this "
            f"process may open {allowed} files only (ulimit -n, or LimitNOFILE= of systemd)."
        )
    return connections


def _run(receiver: Receiver, listener: socket.socket, *, protocol: type[asyncio.Protocol], access_log: bool) -> None:
    import uvicorn

    # Python lets a thread run for 5 ms before the next one; the event loop and the thread that stores wait for each
    # other with every delivery (a quarter more deliveries a second, measured on two cores).
    sys.setswitchinterval(0.0005)
    server = uvicorn.Server(
        uvicorn.Config(
            receiver,
            http=protocol,
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
        server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _to_standard_error(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
