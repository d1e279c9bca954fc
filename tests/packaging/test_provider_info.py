"""What Airflow is told about the provider is valid, true, and complete."""

from __future__ import annotations

import json
from importlib import import_module, metadata, resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import airflow_provider_webwork
from airflow_provider_webwork.options import OPTIONS
from airflow_provider_webwork.provider_info import get_provider_info

PACKAGE = Path(airflow_provider_webwork.__file__).parent
INFO = get_provider_info()
ROOMS = ("hooks", "operators", "sensors", "triggers")


def imported(path: str) -> Any:
    """Import a module, or what a module holds."""
    try:
        return import_module(path)
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        return getattr(import_module(module), name)


def paths() -> list[str]:
    """Every import path in the provider info."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, str) and value.startswith("airflow_provider_webwork."):
            found.append(value)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(item)

    walk(INFO)
    return found


def test_it_is_valid_for_the_installed_airflow():
    schema = json.loads(resources.files("airflow").joinpath("provider_info.schema.json").read_text())

    jsonschema.validate(INFO, schema)
    assert json.loads(json.dumps(INFO)) == INFO


def test_it_names_the_distribution_and_its_version():
    distribution = metadata.distribution(INFO["package-name"])
    (point,) = distribution.entry_points.select(group="apache_airflow_provider")

    assert distribution.metadata["Name"] == "airflow-provider-webwork"
    assert INFO["versions"][0] == distribution.version == airflow_provider_webwork.__version__
    assert point.load()() == INFO


@pytest.mark.parametrize("path", sorted(set(paths())))
def test_every_import_path_in_it_leads_somewhere(path):
    assert imported(path) is not None


def test_it_names_every_module_that_holds_something_for_dags():
    named = {module for room in ROOMS for entry in INFO[room] for module in entry["python-modules"]}
    public = {
        f"airflow_provider_webwork.{room}.{path.stem}"
        for room in ROOMS
        for path in (PACKAGE / room).glob("*.py")
        if any(line.startswith("class WebWork") and "Error" not in line for line in path.read_text().splitlines())
    }

    assert len(public) >= 5
    assert named == public


def test_every_integration_that_is_used_is_declared():
    declared = {entry["integration-name"] for entry in INFO["integrations"]}

    assert {entry["integration-name"] for room in ROOMS for entry in INFO[room]} == declared


def test_every_option_is_in_it_with_a_null_default_and_its_meaning():
    options = INFO["config"]["webwork"]["options"]

    assert set(options) == {option.name for option in OPTIONS}
    for option in OPTIONS:
        shown = options[option.name]
        assert shown["default"] is None
        assert (shown["type"], shown["sensitive"]) == (option.type, option.sensitive)
        assert shown["description"].endswith(".")
        if option.default is not None:
            assert f"Default: `{option.default}`." in shown["description"]


def test_options_that_hold_secrets_are_sensitive():
    assert {option.name for option in OPTIONS if option.sensitive} == {"event_store_url", "secret_key"}


def test_the_connection_type_is_that_of_the_hook():
    (connection,) = INFO["connection-types"]
    hook = imported(connection["hook-class-name"])

    assert (connection["connection-type"], connection["hook-name"]) == (hook.conn_type, hook.hook_name)
    # Airflow reads the form from the provider info alone, and warns of hooks that bring their own.
    assert not {"get_connection_form_widgets", "get_ui_field_behaviour"} & set(vars(hook))


def test_the_plugin_is_the_one_that_the_entry_point_names():
    (plugin,) = INFO["plugins"]
    points = metadata.distribution(INFO["package-name"]).entry_points.select(group="airflow.plugins")

    assert [point.load() for point in points] == [imported(plugin["plugin-class"])]
    assert imported(plugin["plugin-class"]).name == plugin["name"]
