"""The options of `[webwork]`, read from the environment as Airflow would read them."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from airflow_provider_webwork.config import Settings, first_remote_executor, settings_from_environment
from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.options import OPTIONS

NUMBERS = [option for option in OPTIONS if option.between]


def settings(home="/srv/airflow", **options):
    """Read settings from an environment that holds these variables, named without `AIRFLOW__WEBWORK__`."""
    environ = {name if name.startswith("AIRFLOW") else f"AIRFLOW__WEBWORK__{name}": options[name] for name in options}
    return settings_from_environment({"AIRFLOW_HOME": home, **environ})


def printing(text):
    """Return a command line that prints a text and a line break."""
    return shlex.join([sys.executable, "-c", f"print({text!r})"])


def test_nothing_set_gives_a_log_in_airflow_home_and_a_receiver_on_this_machine_only():
    assert settings() == Settings(
        receiver_host="127.0.0.1",
        receiver_port=8079,
        receiver_max_body=1_048_576,
        receiver_body_timeout=10.0,
        receiver_header_timeout=10.0,
        receiver_queue=2_000,
        receiver_queue_bytes=33_554_432,
        receiver_connections=5_000,
        spool_max_bytes=1_073_741_824,
        metrics_host="127.0.0.1",
        poll_interval=0.5,
        retention=90.0,
        consumer_expiry=30.0,
        airflow_home=Path("/srv/airflow"),
    )
    assert settings().log_url == "sqlite:////srv/airflow/webwork_events.db"


def test_every_option_has_its_type():
    read = settings(
        EVENT_STORE_URL="sqlite:////srv/events.db",
        AUTO_UPGRADE="False",
        SECRET_KEY="first,second",
        RECEIVER_ENABLED="True",
        RECEIVER_BASE_URL="https://airflow.example.com/webwork/",
        RECEIVER_HOST="0.0.0.0",
        RECEIVER_PORT="9000",
        RECEIVER_MAX_BODY="2048",
        RECEIVER_BODY_TIMEOUT="2.5",
        RECEIVER_HEADER_TIMEOUT="1.5",
        RECEIVER_QUEUE="10",
        RECEIVER_QUEUE_BYTES="4096",
        RECEIVER_CONNECTIONS="20",
        SPOOL_PATH="/srv/spool.db",
        SPOOL_MAX_BYTES="2000000",
        METRICS_HOST="0.0.0.0",
        METRICS_PORT="9179",
        POLL_INTERVAL="1",
        RETENTION="400",
        CONSUMER_EXPIRY="7.5",
    )

    assert read == Settings(
        event_store_url="sqlite:////srv/events.db",
        auto_upgrade=False,
        secret_keys=("first", "second"),
        receiver_enabled=True,
        receiver_base_url="https://airflow.example.com/webwork",
        receiver_host="0.0.0.0",
        receiver_port=9000,
        receiver_max_body=2048,
        receiver_body_timeout=2.5,
        receiver_header_timeout=1.5,
        receiver_queue=10,
        receiver_queue_bytes=4096,
        receiver_connections=20,
        spool_path="/srv/spool.db",
        spool_max_bytes=2_000_000,
        metrics_host="0.0.0.0",
        metrics_port=9179,
        poll_interval=1.0,
        retention=400.0,
        consumer_expiry=7.5,
        airflow_home=Path("/srv/airflow"),
    )
    assert read.log_url == "sqlite:////srv/events.db"


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
@pytest.mark.parametrize("nothing", ["", "  ", "\n"])
def test_an_empty_value_counts_as_unset(option, nothing):
    assert settings(**{option.name.upper(): nothing}) == settings()


def test_values_are_stripped():
    assert settings(RECEIVER_PORT=" 9000\n").receiver_port == 9000
    assert settings(SECRET_KEY=" first , ,second,\n").secret_keys == ("first", "second")


@pytest.mark.parametrize(
    "text",
    [
        "https://airflow.example.com/webwork",
        "http://127.0.0.1:8079",
        "HTTPS://[::1]:8443/a/b",
        "https://example.com/hooks/webwork",
        "https://example.com/webhooks",
        "http://hooks",
    ],
)
def test_a_base_url_below_which_keys_can_be_reached_is_taken_without_its_last_slashes(text):
    for end in ("", "/", "//"):
        assert settings(RECEIVER_BASE_URL=text + end).receiver_base_url == text


@pytest.mark.parametrize(
    "text",
    [
        "airflow.example.com/webwork",
        "localhost:8079",
        "not a url",
        "ftp://example.com",
        "https://",
        "https:///webwork",
        "https://example.com:many",
        "https://[::1",
        "https://example.com/web work",
        "https://example.com/webwork?tenant=1",
        "https://example.com/webwork?",
        "https://example.com/webwork#fragment",
        "https://example.com/hooks",
        "https://example.com/webwork/hooks/",
    ],
)
def test_a_base_url_below_which_no_key_could_be_reached_is_refused_with_an_example(text):
    with pytest.raises(WebWorkConfigurationError, match=r"\[webwork\] receiver_base_url must be") as refused:
        settings(RECEIVER_BASE_URL=text)

    assert "such as https://airflow.example.com/webwork" in str(refused.value)


@pytest.mark.parametrize(("text", "meant"), [("true", True), ("T", True), ("1", True), ("FALSE", False), ("0", False)])
def test_booleans_are_written_as_airflow_writes_them(text, meant):
    assert settings(RECEIVER_ENABLED=text).receiver_enabled is meant


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [("receiver_enabled", "yes", "boolean"), ("receiver_port", "http", "integer"), ("poll_interval", "1s", "float")],
)
def test_a_value_of_the_wrong_type_is_named(name, text, kind):
    with pytest.raises(WebWorkConfigurationError) as refused:
        settings(**{name.upper(): text})

    assert str(refused.value) == f"[webwork] {name} must be of type {kind}; '{text}' is not."


@pytest.mark.parametrize("option", NUMBERS, ids=lambda option: option.name)
@pytest.mark.parametrize("end", ["too small", "too large", "nan"])
def test_a_number_that_makes_no_sense_is_refused_with_the_range(option, end):
    smallest, largest = option.between
    text = {"too small": str(smallest - 1), "too large": str(largest + 1), "nan": "nan"}[end]

    with pytest.raises(WebWorkConfigurationError, match=rf"\[webwork\] {option.name} must be "):
        settings(**{option.name.upper(): text})


@pytest.mark.parametrize("option", NUMBERS, ids=lambda option: option.name)
def test_the_ends_of_a_range_are_part_of_it(option):
    assert [getattr(settings(**{option.name.upper(): str(end)}), option.name) for end in option.between] == list(
        option.between
    )


def test_variables_and_the_home_directory_are_expanded_as_airflow_expands_them(monkeypatch):
    monkeypatch.setenv("HOME", "/home-of-the-receiver")
    read = settings(
        EVENT_STORE_URL="sqlite:///${AIRFLOW_HOME}/$AIRFLOW__FOLDER/events.db",
        AIRFLOW__FOLDER="of-$AIRFLOW__TEAM",
        AIRFLOW__TEAM="payroll",
        RECEIVER_HOST="$NOBODY_SET_THIS",
    )

    assert read.event_store_url == "sqlite:////srv/airflow/of-payroll/events.db"
    assert read.receiver_host == "$NOBODY_SET_THIS"
    assert settings(home="~/airflow").airflow_home == Path("/home-of-the-receiver/airflow")


def test_a_variable_that_names_itself_does_not_hang_the_receiver():
    assert "$AIRFLOW__LOOP" in settings(RECEIVER_HOST="$AIRFLOW__LOOP", AIRFLOW__LOOP="a$AIRFLOW__LOOP").receiver_host


def test_the_output_of_a_command_counts_without_its_line_break():
    read = settings(SECRET_KEY_CMD=printing("first,second"), EVENT_STORE_URL_CMD=printing("sqlite:////srv/events.db"))

    assert read.secret_keys == ("first", "second")
    assert read.event_store_url == "sqlite:////srv/events.db"


def test_a_command_is_not_run_where_the_value_itself_is_set():
    assert settings(SECRET_KEY="mine", SECRET_KEY_CMD=printing("other")).secret_keys == ("mine",)


def test_a_command_for_an_option_that_is_not_sensitive_is_ignored_as_airflow_ignores_it():
    assert settings(RECEIVER_PORT_CMD=printing("1")).receiver_port == 8079


def test_an_empty_command_counts_as_unset():
    assert settings(SECRET_KEY_CMD=" ").secret_keys == ()


@pytest.mark.parametrize("command", ["/does/not/exist s3cret", "false s3cret", "unbalanced ' s3cret"])
def test_a_command_that_fails_is_named_without_showing_it(command):
    with pytest.raises(WebWorkConfigurationError, match="AIRFLOW__WEBWORK__SECRET_KEY_CMD failed") as refused:
        settings(SECRET_KEY_CMD=command)

    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("option", [option for option in OPTIONS if option.sensitive], ids=lambda option: option.name)
def test_a_secrets_backend_is_refused_with_the_way_out(option):
    variable = f"AIRFLOW__WEBWORK__{option.name.upper()}"

    with pytest.raises(WebWorkConfigurationError, match=f"set {variable} or {variable}_CMD"):
        settings(**{f"{option.name.upper()}_SECRET": "path/in/the/backend"})


def test_airflows_fernet_key_serves_where_no_key_of_our_own_is_set():
    assert settings(AIRFLOW__CORE__FERNET_KEY="airflows").secret_keys == ("airflows",)
    assert settings(AIRFLOW__CORE__FERNET_KEY_CMD=printing("airflows")).secret_keys == ("airflows",)
    assert settings(AIRFLOW__CORE__FERNET_KEY="airflows", SECRET_KEY="ours").secret_keys == ("ours",)


def test_airflows_fernet_key_is_not_looked_for_where_a_key_of_our_own_is_set():
    assert settings(AIRFLOW__CORE__FERNET_KEY_SECRET="in/the/backend", SECRET_KEY="ours").secret_keys == ("ours",)


def test_the_placeholder_of_airflows_template_is_not_a_key():
    assert settings(AIRFLOW__CORE__FERNET_KEY=" {FERNET_KEY}\n").secret_keys == ()


# The file in AIRFLOW_HOME serves one machine.


LOCAL = "airflow.executors.local_executor.LocalExecutor"


@pytest.mark.parametrize(
    "executors",
    [
        "",
        "LocalExecutor",
        f" {LOCAL}\n",
        f"LocalExecutor,mine:LocalExecutor, other:{LOCAL}",
        "=LocalExecutor;team1=a:LocalExecutor",
    ],
)
def test_executors_that_run_tasks_beside_the_scheduler(executors):
    assert first_remote_executor(executors, {"HOSTNAME": "scheduler"}) is None


@pytest.mark.parametrize(
    ("executors", "named"),
    [
        ("CeleryExecutor", "CeleryExecutor"),
        ("KubernetesExecutor", "KubernetesExecutor"),
        ("LocalExecutor,CeleryExecutor", "CeleryExecutor"),
        (
            "LocalExecutor, edge:airflow.providers.edge3.executors.EdgeExecutor",
            "airflow.providers.edge3.executors.EdgeExecutor",
        ),
        ("LocalExecutor:my_company.executors.Fast", "my_company.executors.Fast"),
        ("LocalExecutor;team1=LocalExecutor;team2=CeleryExecutor", "CeleryExecutor"),
    ],
)
def test_executors_whose_tasks_may_run_on_another_machine(executors, named):
    assert first_remote_executor(executors, {}) == named


@pytest.mark.parametrize("mark", ["AIRFLOW_IS_K8S_EXECUTOR_POD", "AIRFLOW_IS_EXECUTOR_CONTAINER"])
def test_a_container_of_one_task_is_another_machine_whatever_its_image_says(mark):
    assert first_remote_executor("LocalExecutor", {mark: "True"}) == "an executor that starts containers"


def test_the_file_in_airflow_home_is_refused_where_tasks_may_run_on_other_machines():
    elsewhere = replace(settings(), remote_executor="CeleryExecutor")

    with pytest.raises(WebWorkConfigurationError) as refused:
        _ = elsewhere.log_url
    for text in ("[webwork] event_store_url is not set", "CeleryExecutor", "sqlite:////srv/airflow/webwork_events.db"):
        assert text in str(refused.value)
    chosen = replace(elsewhere, event_store_url="sqlite:////shared/events.db")
    assert chosen.log_url == "sqlite:////shared/events.db"


def test_the_repr_of_settings_shows_no_secret():
    key = Fernet.generate_key().decode()
    shown = repr(settings(SECRET_KEY=key, EVENT_STORE_URL="postgresql://webwork:hunter2hunter2@db/events"))

    assert "127.0.0.1" in shown
    assert key not in shown
    assert "hunter2hunter2" not in shown


def test_every_option_says_what_it_is_for():
    assert [option.name for option in OPTIONS if not option.description.endswith(".")] == []
    assert len({option.name for option in OPTIONS}) == len(OPTIONS)
