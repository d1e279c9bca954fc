"""The receiver as a process of its own, on uvicorn."""

from __future__ import annotations

import logging
import resource
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from airflow_provider_webwork.config import Settings
from airflow_provider_webwork.errors import WebWorkConfigurationError, WebWorkError, WebWorkLogUnavailableError
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.app import Receiver
from airflow_provider_webwork.receiver.metrics import Meter
from airflow_provider_webwork.receiver.remembered import RememberedEndpoints
from airflow_provider_webwork.receiver.running import run
from airflow_provider_webwork.receiver.spool import Spool
from airflow_provider_webwork.secrets import Vault

log = logging.getLogger(__name__)

DRAINED = 0
"""The exit code of a receiver that was asked to stop and has answered what it had begun."""

FAILED = 1
"""The exit code for what nobody expected."""

BAD_CONFIGURATION = 2
"""The exit code for what a restart does not help against."""

OTHER_FILES = 100
"""How many files the process opens besides connections, at most: those of the event log and of Python itself."""


def to_standard_error(line: str) -> None:
    """Write a line to standard error."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def serve(
    settings: Settings,
    *,
    log_url: str,
    host: str | None = None,
    port: int | None = None,
    access_log: bool = False,
    say: Callable[[str], None] = to_standard_error,
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
    :param say: shows a line to whoever started the process.
    """
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
        started = run(
            receiver,
            listener,
            connections=_room_for(settings.receiver_connections, say=say),
            header_seconds=settings.receiver_header_timeout,
            access_log=access_log,
        )
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


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
