"""The options of the section ``[webwork]``, declared once: for provider info, for the docs and for reading them.

Provider info shows every option with a null default, because Airflow writes the non-null defaults of providers
into users' ``airflow.cfg``, where they look as if somebody had chosen them. The real defaults live here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SECTION = "webwork"

OptionType = Literal["string", "integer", "float", "boolean"]


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option of ``[webwork]``.

    :param default: what holds when the option is not set; ``None`` where the description says what happens then.
    :param between: the smallest and the largest number that makes sense.
    """

    name: str
    description: str
    type: OptionType = "string"
    default: str | int | float | bool | None = None
    example: str | None = None
    sensitive: bool = False
    between: tuple[int | float, int | float] | None = None
    version_added: str = "0.1.0"


OPTIONS: tuple[Option, ...] = (
    Option(
        name="event_store_url",
        description=(
            "SQLAlchemy URL of the event log, where tracker events are kept: an SQLite file for one machine, a "
            "PostgreSQL database of its own for more. Without it the log is the SQLite file `webwork_events.db` in "
            "AIRFLOW_HOME, which is refused with executors whose tasks may run on other machines. Every process that "
            "touches the log needs this option: workers, the triggerer, the API server and each receiver. "
            "Never use Airflow's metadata database."
        ),
        example="postgresql://webwork:password@db.example.com/webwork_events",
        sensitive=True,
    ),
    Option(
        name="auto_upgrade",
        description=(
            "Whether whoever opens the event log first makes its tables or brings them to the schema of this version. "
            "Without it that happens on SQLite only; on PostgreSQL run `airflow webwork db upgrade`."
        ),
        type="boolean",
    ),
    Option(
        name="secret_key",
        description=(
            "Fernet keys, separated by commas, that encrypt the secrets in the event log; the first one encrypts, "
            "all of them decrypt. Without it `[core] fernet_key` is used."
        ),
        sensitive=True,
    ),
    Option(
        name="receiver_enabled",
        description=(
            "Mount the receiver at `/webwork` in Airflow's API server. Meant for one machine; in production run "
            "`airflow webwork receiver` as a process of its own."
        ),
        type="boolean",
        default=False,
    ),
    Option(
        name="receiver_base_url",
        description=(
            "The URL at which WebWork reaches the receiver, without `/hooks/...`, query and fragment. Webhooks are "
            "registered with it. For a receiver in the API server it ends in `/webwork`."
        ),
        example="https://airflow.example.com/webwork",
    ),
    Option(
        name="receiver_host",
        description="The address that the receiver process listens on; `0.0.0.0` for every address of the machine.",
        default="127.0.0.1",
    ),
    Option(
        name="receiver_port",
        description="The port that the receiver process listens on.",
        type="integer",
        default=8079,
        between=(0, 65_535),
    ),
    Option(
        name="receiver_max_body",
        description="The largest delivery, in bytes, that the receiver takes. A larger one is answered with 413.",
        type="integer",
        default=1_048_576,
        between=(1, 1_073_741_824),
    ),
    Option(
        name="receiver_body_timeout",
        description="Seconds that a sender has for the body of a delivery. A slower one is answered with 408.",
        type="float",
        default=10.0,
        between=(0.01, 3_600),
    ),
    Option(
        name="receiver_header_timeout",
        description=(
            "Seconds that a sender has to say what it wants, from the beginning of its connection or from the last "
            "answer. Afterwards the connection is closed."
        ),
        type="float",
        default=10.0,
        between=(0.01, 3_600),
    ),
    Option(
        name="receiver_queue",
        description=(
            "How many deliveries may wait for the event log at once. Beyond that the receiver answers 503 with "
            "`Retry-After`."
        ),
        type="integer",
        default=2_000,
        between=(1, 1_000_000),
    ),
    Option(
        name="receiver_queue_bytes",
        description=(
            "How many bytes of deliveries may be read or wait for the event log at once, whatever their number. Beyond "
            "that the receiver answers 503 with `Retry-After`. Never less than `receiver_max_body`."
        ),
        type="integer",
        default=33_554_432,
        between=(1, 1_099_511_627_776),
    ),
    Option(
        name="receiver_connections",
        description=(
            "How many connections the receiver process keeps at once. One more takes the place of the connection that "
            "has kept the receiver waiting for longest. The limit of open files has to allow it."
        ),
        type="integer",
        default=5_000,
        between=(1, 1_000_000),
    ),
    Option(
        name="spool_path",
        description=(
            "A file of the receiver process on a disk of its machine, such as `/var/lib/webwork/spool.db`, where "
            "deliveries wait durably while the event log is away, and the endpoints are remembered, so that a "
            "receiver can start without the log. Each receiver process needs one of its own. Without it deliveries "
            "get 503 while the log is away. The receiver in the API server has none."
        ),
        example="/var/lib/webwork/spool.db",
    ),
    Option(
        name="spool_max_bytes",
        description=(
            "How large the file of the spool may become. When it is full, deliveries are answered with 503 and "
            "`Retry-After`."
        ),
        type="integer",
        default=1_073_741_824,
        between=(1_048_576, 1_099_511_627_776),
    ),
    Option(
        name="metrics_host",
        description="The address at which the receiver process serves its metrics, if `metrics_port` is set.",
        default="127.0.0.1",
    ),
    Option(
        name="metrics_port",
        description=(
            "The port at which the receiver process serves its metrics for Prometheus, under `/metrics`. Without it "
            "there are none. The receiver in the API server reports through Airflow's own `[metrics]` instead."
        ),
        type="integer",
        between=(0, 65_535),
        example="9179",
    ),
    Option(
        name="poll_interval",
        description="Seconds between two looks at the event log by the triggerer, for all waiting tasks together.",
        type="float",
        default=0.5,
        between=(0.01, 3_600),
    ),
    Option(
        name="retention",
        description=(
            "Days for which events are kept. One of the receivers removes older ones every hour, except those that a "
            "consumer has still to be given. 36500 keeps everything."
        ),
        type="float",
        default=90.0,
        between=(0.04, 36_500),
    ),
    Option(
        name="consumer_expiry",
        description=(
            "Days after which a consumer that neither claimed nor waited no longer keeps old events from being "
            "removed. Its next claim then fails once and names what is gone."
        ),
        type="float",
        default=30.0,
        between=(0.04, 36_500),
    ),
)
