from __future__ import annotations

import pytest

from airflow_provider_webwork.api.wire import encode_body


def test_a_list_becomes_repeated_fields_in_a_form():
    body = {"url": "https://example.com/a?b=c", "events": ["tracker.started", "tracker.stopped"], "active": True}
    assert encode_body(body, "form") == (
        b"url=https%3A%2F%2Fexample.com%2Fa%3Fb%3Dc&events%5B%5D=tracker.started&events%5B%5D=tracker.stopped&active=1"
    )


def test_a_form_refuses_nested_values_by_name():
    with pytest.raises(TypeError, match="filter: a form cannot carry nested values"):
        encode_body({"filter": {"a": 1}}, "form")


def test_a_json_body_keeps_its_types():
    assert encode_body({"workspace_id": 42, "events": ["ü"]}, "json") == b'{"workspace_id": 42, "events": ["\\u00fc"]}'
