"""The options of the section ``[webwork]``: declared once, read from Airflow's configuration or the environment.

Provider info shows every option with a null default, because Airflow writes the non-null defaults of providers
into users' ``airflow.cfg``, where they look as if somebody had chosen them. The real defaults live here.
An option counts as set when its value, stripped of white space, is not empty.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from airflow_provider_webwork.errors import WebWorkConfigurationError

SECTION = "webwork"

OptionType = Literal["string", "integer", "float", "boolean"]
Lookup = Callable[[str], str | None]

_LOCAL_EXECUTORS = {"LocalExecutor", "airflow.executors.local_executor.LocalExecutor"}
_CONTAINER_MARKS = ("AIRFLOW_IS_K8S_EXECUTOR_POD", "AIRFLOW_IS_EXECUTOR_CONTAINER")

_VARIABLE = re.compile(r"\$(?:(\w+)|\{([^}]*)\})", re.ASCII)


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
            "Fernet keys, separated by commas, that encrypt webhook tokens in the event log; the first one encrypts, "
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
            "The URL at which WebWork reaches the receiver, without `/hooks/...`. Webhooks are registered with it. "
            "For a receiver in the API server it ends in `/webwork`."
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


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The options of ``[webwork]`` with their types.

    :param event_store_url: URL of the event log; ``None`` for the SQLite file in ``AIRFLOW_HOME``.
    :param auto_upgrade: whether opening the log upgrades it; ``None`` for on SQLite only.
    :param secret_keys: Fernet keys, the one that encrypts first.
    :param remote_executor: the executor whose tasks may run on a machine that does not see ``AIRFLOW_HOME``, if one
        is configured.
    """

    event_store_url: str | None = field(default=None, repr=False)
    auto_upgrade: bool | None = None
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    receiver_enabled: bool = False
    receiver_base_url: str | None = None
    receiver_host: str
    receiver_port: int
    receiver_max_body: int
    receiver_body_timeout: float
    receiver_header_timeout: float
    receiver_queue: int
    receiver_queue_bytes: int
    receiver_connections: int
    spool_path: str | None = None
    spool_max_bytes: int
    metrics_host: str
    metrics_port: int | None = None
    poll_interval: float
    retention: float
    consumer_expiry: float
    airflow_home: Path
    remote_executor: str | None = None

    @property
    def log_url(self) -> str:
        """The URL of the event log: the option, or the SQLite file in ``AIRFLOW_HOME``.

        :raises WebWorkConfigurationError: if the option is not set and tasks may run on other machines, where they
            would find another file or none.
        """
        if self.event_store_url:
            return self.event_store_url
        file = self.airflow_home / "webwork_events.db"
        if self.remote_executor:
            msg = (
                f"[{SECTION}] event_store_url is not set, and the file {file} serves one machine only, while tasks of "
                f"{self.remote_executor} may run on others. Set it in every component to a PostgreSQL database, such "
                "as postgresql://user:password@host/database, or, if all of Airflow shares one disk of one machine, "
                f"to sqlite:///{file}."
            )
            raise WebWorkConfigurationError(msg)
        return f"sqlite:///{file}"


def settings_from_airflow() -> Settings:
    """Read the options through Airflow's configuration (``airflow.cfg``, environment, ``_CMD``, secrets backends).

    :raises WebWorkConfigurationError: if a value does not have the type of its option, or cannot be had.
    """
    from airflow.sdk.configuration import conf
    from airflow.sdk.exceptions import AirflowConfigException

    def lookup(name: str, section: str = SECTION) -> str | None:
        try:
            text: str | None = conf.get(section, name, fallback=None)
        except AirflowConfigException:
            # Airflow's own text quotes what a command of `_CMD` printed, which may be the secret.
            msg = f"[{section}] {name} cannot be read: its command or its secrets backend failed."
            raise WebWorkConfigurationError(msg) from None
        return text

    return _settings(
        lookup,
        fernet_key=lambda: lookup("fernet_key", "core"),
        airflow_home=_airflow_home(os.environ),
        remote_executor=first_remote_executor(conf.get("core", "executor", fallback=""), os.environ),
    )


def settings_from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the options from ``AIRFLOW__WEBWORK__*`` alone, for processes without Airflow.

    Values mean what they mean to Airflow: variables and ``~`` in them are expanded, and ``..._CMD`` is run for
    sensitive options. ``..._SECRET`` needs Airflow's secrets backends and is refused.

    :raises WebWorkConfigurationError: if a value is unusable.
    """
    environ = os.environ if environ is None else environ
    sensitive = {option.name for option in OPTIONS if option.sensitive}

    def lookup(name: str, section: str = SECTION) -> str | None:
        variable = f"AIRFLOW__{section.upper()}__{name.upper()}"
        if variable in environ:
            return _expanded(environ[variable], environ)
        if name not in sensitive and section == SECTION:
            return None
        if command := environ.get(f"{variable}_CMD", "").strip():
            return _command_output(f"{variable}_CMD", command)
        if f"{variable}_SECRET" in environ:
            msg = (
                f"{variable}_SECRET needs Airflow's secrets backends: set {variable} or {variable}_CMD, "
                "or start the receiver with `airflow webwork receiver`."
            )
            raise WebWorkConfigurationError(msg)
        return None

    return _settings(
        lookup,
        fernet_key=lambda: lookup("fernet_key", "core"),
        airflow_home=_airflow_home(environ),
    )


def first_remote_executor(executors: str, environ: Mapping[str, str]) -> str | None:
    """Return the first executor whose tasks may run on another machine than the scheduler; ``None`` if there is none.

    :param executors: what ``[core] executor`` says: names, module paths and ``alias:executor``, separated by commas,
        for teams in the form ``executors;team=executors`` (airflow/executors/executor_loader.py).
    :param environ: where executors that start a container for each task leave a mark, because the image of such a
        container often sets ``[core] executor`` to ``LocalExecutor``.
    """
    for mark in _CONTAINER_MARKS:
        if environ.get(mark):
            return "an executor that starts containers"
    names = (each.rpartition("=")[2].rpartition(":")[2].strip() for each in re.split("[,;]", executors))
    return next((name for name in names if name and name not in _LOCAL_EXECUTORS), None)


def _settings(
    lookup: Lookup,
    *,
    fernet_key: Callable[[], str | None],
    airflow_home: Path,
    remote_executor: str | None = None,
) -> Settings:
    values = {option.name: _typed(option, lookup(option.name)) for option in OPTIONS}
    keys = str(values.pop("secret_key") or "") or (fernet_key() or "").strip()
    if keys == "{FERNET_KEY}":
        # The template of airflow.cfg holds this text until Airflow renders it: it is a placeholder, not a key.
        keys = ""
    base_url = values.pop("receiver_base_url")
    return Settings(
        secret_keys=tuple(key.strip() for key in keys.split(",") if key.strip()),
        receiver_base_url=str(base_url).rstrip("/") if base_url else None,
        airflow_home=airflow_home,
        remote_executor=remote_executor,
        **values,  # type: ignore[arg-type] # the table above gives each option the type of its field
    )


def _typed(option: Option, text: str | None) -> str | int | float | bool | None:
    text = (text or "").strip()
    if not text:
        return option.default
    shown = "its value" if option.sensitive else repr(text)
    try:
        value = _read(text, option.type)
    except (KeyError, ValueError):
        msg = f"[{SECTION}] {option.name} must be of type {option.type}; {shown} is not."
        raise WebWorkConfigurationError(msg) from None
    if option.between and not option.between[0] <= float(value) <= option.between[1]:
        msg = f"[{SECTION}] {option.name} must be from {option.between[0]} to {option.between[1]}; {shown} is not."
        raise WebWorkConfigurationError(msg)
    return value


def _read(text: str, kind: OptionType) -> str | int | float | bool:
    match kind:
        case "boolean":
            return {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}[text.lower()]
        case "integer":
            return int(text)
        case "float":
            return float(text)
        case _:
            return text


def _airflow_home(environ: Mapping[str, str]) -> Path:
    return Path(_expanded(environ.get("AIRFLOW_HOME") or "~/airflow", environ))


def _expanded(text: str, environ: Mapping[str, str]) -> str:
    # Airflow expands until nothing changes (`expand_env_var`); a variable that names itself must not hang us.
    for _ in range(10):
        before = text
        text = _VARIABLE.sub(lambda found: environ.get(found[1] or found[2], found[0]), text)
        if text.startswith("~"):
            text = str(Path(text).expanduser())
        if text == before:
            break
    return text


def _command_output(variable: str, command: str) -> str:
    try:
        # Airflow runs `_CMD` options in the same way: split as a shell splits words, no shell.
        finished = subprocess.run(shlex.split(command), check=True, capture_output=True, text=True)  # noqa: S603
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        reason = f"exit code {error.returncode}" if isinstance(error, subprocess.CalledProcessError) else "cannot run"
        msg = f"The command of {variable} failed ({reason})."
        raise WebWorkConfigurationError(msg) from None
    return finished.stdout
