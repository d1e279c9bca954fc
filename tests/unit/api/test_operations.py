from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from importlib import resources
from typing import get_args

import pytest
import yaml

from airflow_provider_webwork.api.operations import Confidence, Paging, ValueType, catalogue, operation

EVERY = [found for named in catalogue().values() for found in named.values()]


@pytest.mark.parametrize("found", EVERY, ids=lambda found: found.name)
def test_every_operation_is_complete(found):
    assert found.method in {"GET", "POST", "PUT", "DELETE"}
    assert found.path.startswith("/")
    assert set(re.findall(r"{(\w+)}", found.path)) == {each.name for each in found.parameters if each.place == "path"}
    assert all(each.required for each in found.parameters if each.place == "path")
    assert set(found.workspace_id) <= {"query", "body"}
    assert bool(found.workspace_id) == (found.api_version == "v2" and found.name != "getWorkspaces")
    assert found.section.replace("_", "").isalpha()
    assert set(found.body_formats) <= {"json", "form"}
    assert found.sources
    assert all(source.startswith("https://") for source in found.sources)
    assert found.confidence == "documented" or found.note
    assert found.confidence in get_args(Confidence)
    assert found.paging in get_args(Paging)
    assert {each.type for each in found.parameters} <= set(get_args(ValueType))
    assert not (found.records_at and found.record_at)
    assert found.records_at or not found.lone_record
    assert found.records_at is None or found.method == "GET"
    assert "token" not in found.fields
    assert found.summary.endswith(".")
    assert len({each.argument for each in found.parameters}) == len(found.parameters)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", each.argument) for each in found.parameters)


def test_the_file_of_the_catalogue_holds_no_word_that_nobody_reads():
    text = resources.files("airflow_provider_webwork.api").joinpath("operations.yaml").read_text("utf-8")
    legend = set(re.findall(r"^#     (\w+) {2,}", text, re.MULTILINE))
    rows = [row for named in yaml.safe_load(text).values() for row in named.values()]
    assert len(rows) == len(EVERY)
    assert {key for row in rows for key in row} == legend
    assert {key for row in rows for parameter in row.get("parameters", ()) for key in parameter} == {
        *("name", "in", "type", "required", "nullable", "default", "minimum", "maximum", "enum", "note")
    }


def test_the_catalogue_is_read_once():
    assert catalogue() is catalogue()


def test_an_operation_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        operation("v2", "getMembers").path = "/elsewhere"


def test_an_unknown_operation_is_refused_with_the_nearest_names():
    with pytest.raises(ValueError, match=r"no operation 'get_members' in the catalogue\. Did you mean getMembers"):
        operation("v2", "get_members")


def test_an_operation_of_the_other_version_is_named_as_such():
    with pytest.raises(ValueError, match="It belongs to API v1"):
        operation("v2", "v1ListWebhooks")


def test_yaml_is_imported_only_when_an_operation_is_looked_up():
    program = (
        "import sys; from airflow_provider_webwork.api import operations; assert 'yaml' not in sys.modules; "
        "operations.operation('v2', 'getMembers'); assert 'yaml' in sys.modules; assert 'airflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
