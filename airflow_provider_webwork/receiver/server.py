"""The receiver as a process of its own, on uvicorn."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic
from types import FrameType

from airflow_provider_webwork.config import Settings
from airflow_provider_webwork.errors import WebWorkConfigurationError, WebWorkError, WebWorkLogUnavailableError
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.app import Receiver
from airflow_provider_webwork.receiver.metrics import Meter
from airflow_provider_webwork.receiver.remembered import RememberedEndpoints
from airflow_provider_webwork.receiver.spool import Spool
from airflow_provider_webwork.receiver.systemd import tell_systemd, watchdog_seconds
from airflow_provider_webwork.secrets import Vault

log = logging.getLogger(__name__)

DRAINED = 0
"""The exit code of a receiver that was asked to stop and has answered what it had begun."""

FAILED = 1
"""The exit code for what nobody expected."""

BAD_CONFIGURATION = 2
"""The exit code for what a restart does not help against."""

KEEP_ALIVE_SECONDS = 5
DRAIN_SECONDS = 30
"""How long requests that are being answered may take once the process was asked to stop."""


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
    configuration that cannot work, a port that is taken or a spool that another process uses is said in one sentence
    and returns 2. An event log that is away is waited for.

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
    with ExitStack() as stack:
        try:
            spool = _open_spool(settings, stack)
            _check(settings, log_url, spool, say=say)
            listener = stack.enter_context(_listen(host, port))
            meter = _served_meter(settings, stack, say=say)
        except WebWorkError as error:
            say(f"The receiver does not start. {error}")
            return BAD_CONFIGURATION
        say(f"The receiver listens on http://{_shown(host)}:{listener.getsockname()[1]}")
        receiver = Receiver(settings, log_url=log_url, spool=spool, meter=meter)
        started = _run(receiver, listener, access_log=access_log)
    say("The receiver stopped." if started else "The receiver could not start.")
    return DRAINED if started else FAILED


def _open_spool(settings: Settings, stack: ExitStack) -> Spool | None:
    if settings.spool_path is None:
        return None
    spool = Spool(Path(settings.spool_path), max_bytes=settings.spool_max_bytes)
    spool.open()
    stack.callback(spool.close)
    return spool


def _check(settings: Settings, log_url: str, spool: Spool | None, *, say: Callable[[str], None]) -> None:
    store, vault = Store(log_url, auto_upgrade=settings.auto_upgrade), Vault(settings.secret_keys)
    say(f"The event log is {store.name}")
    remembered = None if spool is None else RememberedEndpoints(store, spool.store, vault)
    try:
        if remembered is None:
            Endpoints(store, vault).list()
        else:
            remembered.load()
    except WebWorkLogUnavailableError as error:
        until_then = "get 503."
        if remembered is not None:
            until_then = f"are spooled; endpoints that are remembered: {len(remembered.recall())}."
        say(f"{error} Until then deliveries {until_then}")
    finally:
        store.close()
    if spool is not None:
        say(f"The spool is {settings.spool_path}; deliveries in it: {spool.waiting}")


def _served_meter(settings: Settings, stack: ExitStack, *, say: Callable[[str], None]) -> Meter | None:
    if settings.metrics_port is None:
        return None
    try:
        from airflow_provider_webwork.receiver.prometheus import PrometheusMeter
    except ImportError:
        msg = "[webwork] metrics_port needs prometheus-client: pip install 'airflow-provider-webwork[receiver]'."
        raise WebWorkConfigurationError(msg) from None
    meter = PrometheusMeter()
    port = stack.enter_context(meter.served(settings.metrics_host, settings.metrics_port))
    say(f"The metrics are at http://{_shown(settings.metrics_host)}:{port}/metrics")
    return meter


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


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _run(receiver: Receiver, listener: socket.socket, *, access_log: bool) -> bool:
    """Serve until a signal comes, and return whether it ever came to that."""
    import uvicorn

    from airflow_provider_webwork.receiver.protocol import protocol_class

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
            http=protocol_class(),
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


def _to_standard_error(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
