"""``python -m airflow_provider_webwork.simulator``: serve a simulated WebWork until told to stop."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import threading
from collections.abc import Sequence

from airflow_provider_webwork.simulator.data.company import Company
from airflow_provider_webwork.simulator.data.webhooks import WebhookRules
from airflow_provider_webwork.simulator.deliveries import DeliveryPolicy
from airflow_provider_webwork.simulator.generation import GENERATIONS
from airflow_provider_webwork.simulator.rate_limit import RateLimit
from airflow_provider_webwork.simulator.rest.pages import PAGE_SHAPES, Paging
from airflow_provider_webwork.simulator.server import Simulator
from airflow_provider_webwork.simulator.shape import ENCODINGS, PROOFS, DeliveryShape

ENVIRONMENT_VARIABLE = "WEBWORK_SIMULATOR_TOKEN"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT.

    :returns: the exit code: 0 after a signal, 2 if the address cannot be listened on or an option makes no sense.
    """
    options = _parser().parse_args(arguments)
    token = os.environ.get(ENVIRONMENT_VARIABLE) or None
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        simulator = _simulator(options, token=token)
        simulator.start()
    except ValueError as error:
        return _complain(str(error))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return _complain(f"Port {options.port} of {options.host} is in use: choose another --port, or 0.")
        return _complain(f"Cannot listen on {options.host} port {options.port}: {error.strerror or error}.")
    try:
        where = ENVIRONMENT_VARIABLE if token else f"{simulator.url}/_simulator/state?secrets=1"
        sys.stdout.write(
            f"WebWork simulator: url={simulator.url} workspace_id={simulator.workspace_id} token_in={where}\n"
        )
        sys.stdout.flush()
        stop.wait()
    finally:
        simulator.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    shape, policy, company = DeliveryShape(), DeliveryPolicy(), Company()
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_webwork.simulator",
        description="A stand-in for WebWork: its REST API, deliveries to webhooks, and a control API.",
        epilog=f"The access token of API v2 is taken from {ENVIRONMENT_VARIABLE}, or else made from the seed.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=_port, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--seed", type=int, default=7, help="from which all data follow (%(default)s)")
    parser.add_argument("--members", type=int, default=company.members, help="members (%(default)s)")
    parser.add_argument("--weeks", type=int, default=company.weeks, help="weeks of time entries (%(default)s)")
    parser.add_argument("--generation", choices=GENERATIONS, default="any", help="of the pages to follow (%(default)s)")
    parser.add_argument("--page-shape", choices=PAGE_SHAPES, help="of every listing; default: as documented")
    parser.add_argument("--page-size", type=int, help="rows a page; default: as documented")
    parser.add_argument("--requests-per-minute", type=int, help="of each member; default: any number")
    webhooks = parser.add_argument_group("webhooks", "WebWork says nothing about these limits.")
    webhooks.add_argument("--unique-urls", action="store_true", help="refuse to register a URL twice")
    webhooks.add_argument("--max-webhooks", type=int, help="refuse more than this")
    webhooks.add_argument("--lag-seconds", type=float, default=0.0, help="until listings show a change (%(default)s)")
    deliveries = parser.add_argument_group("deliveries", "WebWork documents nothing about them.")
    deliveries.add_argument("--encoding", choices=ENCODINGS, default=shape.encoding)
    deliveries.add_argument("--event-field", default=shape.event_field, help="names the type (%(default)s)")
    deliveries.add_argument("--flat", action="store_true", help="payload beside the envelope, not under data")
    deliveries.add_argument("--with-id", action="store_true", help="name the event in the body")
    deliveries.add_argument("--without-timestamp", action="store_true", help="leave the time out")
    deliveries.add_argument("--proof", choices=PROOFS, default=shape.proof)
    deliveries.add_argument("--attempts", type=int, default=policy.attempts, help="at most (%(default)s)")
    deliveries.add_argument("--backoff", type=float, default=policy.backoff, help="seconds (%(default)s)")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def _simulator(options: argparse.Namespace, *, token: str | None) -> Simulator:
    minute = options.requests_per_minute
    return Simulator(
        seed=options.seed,
        host=options.host,
        port=options.port,
        token=token,
        company=Company(members=options.members, weeks=options.weeks),
        generation=options.generation,
        paging=Paging(shape=options.page_shape, size=options.page_size),
        rate_limit=None if minute is None else RateLimit(requests=minute),
        webhook_rules=WebhookRules(
            unique_urls=options.unique_urls, limit=options.max_webhooks, lag_seconds=options.lag_seconds
        ),
        shape=DeliveryShape(
            encoding=options.encoding,
            event_field=options.event_field,
            nested=not options.flat,
            with_id=options.with_id,
            with_timestamp=not options.without_timestamp,
            proof=options.proof,
        ),
        policy=DeliveryPolicy(attempts=options.attempts, backoff=options.backoff),
    )


def _complain(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
