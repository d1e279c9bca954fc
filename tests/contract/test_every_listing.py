"""Every listing of the catalogue, however many records it has and in whatever shape and size its pages come."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.adapters import BaseAdapter

from airflow_provider_webwork.api.auth import BasicAuth, BearerAuth
from airflow_provider_webwork.api.client import Client, ClientSettings
from airflow_provider_webwork.api.operations import catalogue
from tests.contract.operations_table import CALLS
from tests.contract.test_paging import SHAPES
from tests.fake_webwork import UNPACED

ENVELOPES = [shape for shape in SHAPES if shape not in {"data_alone", "bare_list"}]
PAGED = [
    call
    for call in CALLS
    if any(
        name == call.operation and found.records_at == "data" and found.parameter("page")
        for operations in catalogue().values()
        for name, found in operations.items()
    )
]


class Listing(BaseAdapter):
    """A WebWork in this process with one listing, which it cuts into pages no larger than its own maximum."""

    def __init__(self, shape, count, most):
        super().__init__()
        self.answer, _ = SHAPES[shape]
        self.rows = [{"id": number} for number in range(count)]
        self.most = most
        self.asked = []

    def send(self, request, **_):
        query = parse_qs(urlsplit(request.url).query)
        self.size = min(int(query.get("per_page", [self.most])[0]), self.most)
        self.asked.append(int(query.get("page", ["1"])[0]))
        response = requests.Response()
        response.status_code = 200
        response.url = request.url
        response._content = json.dumps(self.answer(self.rows, self.size, self.asked[-1])).encode()
        return response

    def close(self):
        pass


def read(call, listing):
    """Read a listing with the arguments of the table, but for the page."""
    version = "v1" if call.operation.startswith("v1") else "v2"
    auth = BearerAuth("some-token") if version == "v2" else BasicAuth("member7@example.com", "x")
    arguments = {name: value for name, value in call.arguments.items() if name not in {"page", "per_page"}}
    chosen = ClientSettings(auth=auth, api_version=version, workspace_id=42, rate=UNPACED)
    with Client(chosen) as client:
        for home in list(client.session.adapters):
            client.session.mount(home, listing)
        return list(client.iterate(call.operation, **arguments))


def test_there_are_the_paged_listings():
    assert len(PAGED) >= 18


@pytest.mark.parametrize("call", PAGED, ids=lambda call: call.operation)
@settings(max_examples=25)
@given(shape=st.sampled_from(ENVELOPES), count=st.integers(0, 230), most=st.integers(1, 120))
def test_each_record_comes_once_with_the_fewest_requests(call, shape, count, most):
    listing = Listing(shape, count, most)

    assert read(call, listing) == listing.rows
    assert listing.asked == list(range(1, max(1, -(-count // listing.size)) + 1))


@pytest.mark.parametrize("call", PAGED, ids=lambda call: call.operation)
@settings(max_examples=25)
@given(count=st.integers(0, 230), most=st.integers(50, 120))
def test_no_record_is_lost_where_pages_say_nothing_of_paging(call, count, most):
    listing = Listing("data_alone", count, most)

    assert read(call, listing) == listing.rows
    assert len(listing.asked) <= count // listing.size + 2
