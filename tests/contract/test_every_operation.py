"""Every operation sends what WebWork documents, to the byte of its path."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_webwork.api.auth import BasicAuth, BearerAuth
from airflow_provider_webwork.api.client import Client, ClientSettings
from airflow_provider_webwork.api.operations import catalogue
from tests.contract.operations_table import CALLS
from tests.fake_webwork import UNPACED, FakeWebWork


@pytest.fixture(scope="module")
def webwork():
    fake = FakeWebWork()
    fake.says({"success": True, "data": []})
    yield fake
    fake.stop()


@pytest.fixture(scope="module")
def clients(webwork):
    """One client for each version of the API."""
    v2 = ClientSettings(auth=BearerAuth("some-token"), base_url=webwork.url, workspace_id=42, rate=UNPACED)
    v1 = ClientSettings(auth=BasicAuth("member7@example.com", "x"), base_url=webwork.url, api_version="v1")
    with Client(v2) as of_v2, Client(v1) as of_v1:
        yield {"v2": of_v2, "v1": of_v1}


def test_the_table_has_every_operation_once_with_every_argument():
    known = {name: found for operations in catalogue().values() for name, found in operations.items()}
    arguments = {call.operation: set(call.arguments) for call in CALLS}

    assert Counter(each.api_version for each in known.values()) == {"v2": 69, "v1": 47}
    assert sorted(call.operation for call in CALLS) == sorted(known)
    assert {
        name: [each.argument for each in found.parameters if each.argument not in arguments[name]]
        for name, found in known.items()
    } == {name: [] for name in known}


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
def test_an_operation_sends_what_webwork_documents(call, webwork, clients):
    webwork.received.clear()

    clients["v1" if call.operation.startswith("v1") else "v2"].call(call.operation, **call.arguments)

    [sent] = webwork.received
    method, target = call.request.split(" ", 1)
    assert (sent.method, sent.path) == (method, urlsplit(target).path)
    assert sent.query == parse_qs(urlsplit(target).query)
    if call.json is not None:
        assert (sent.headers["Content-Type"], sent.json) == ("application/json", call.json)
    elif call.form is not None:
        assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert sent.form == {name: [value] for name, value in call.form.items()}
    else:
        assert (sent.body, "Content-Type" in sent.headers) == (b"", False)
