"""The settings of the package: the options of ``[webwork]``, read from Airflow's configuration or the environment.

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
from urllib.parse import urlsplit

from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.options import OPTIONS, SECTION, Option, OptionType

Lookup = Callable[[str], str | None]

_LOCAL_EXECUTORS = {"LocalExecutor", "airflow.executors.local_executor.LocalExecutor"}
_CONTAINER_MARKS = ("AIRFLOW_IS_K8S_EXECUTOR_POD", "AIRFLOW_IS_EXECUTOR_CONTAINER")

_VARIABLE = re.compile(r"\$(?:(\w+)|\{([^}]*)\})", re.ASCII)


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
    base_url = str(values.pop("receiver_base_url") or "")
    return Settings(
        secret_keys=tuple(key.strip() for key in keys.split(",") if key.strip()),
        receiver_base_url=_receiver_base_url(base_url) if base_url else None,
        airflow_home=airflow_home,
        remote_executor=remote_executor,
        **values,  # type: ignore[arg-type] # the table above gives each option the type of its field
    )


def _receiver_base_url(text: str) -> str:
    """Return where the receiver is reached, once it is sure that ``/hooks/`` and a key can be appended to it."""
    url = text.rstrip("/")
    try:
        parts = urlsplit(url)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # such as a port that is no number
        whole = False
    if not whole or parts.path.endswith("/hooks") or re.search(r"[?#\s]", url):
        # It is not quoted: somebody may have pasted a whole callback URL, which is a secret.
        msg = (
            f"[{SECTION}] receiver_base_url must be the URL at which WebWork reaches the receiver, without `/hooks`, "
            "query and fragment, such as https://airflow.example.com/webwork."
        )
        raise WebWorkConfigurationError(msg)
    return url


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
