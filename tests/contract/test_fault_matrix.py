"""Each way in which WebWork can fail, at each verb: the right error, the right number of requests, the known effect."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, get_args

import pytest

from airflow_provider_webwork.api.auth import BearerAuth
from airflow_provider_webwork.api.client import Client, ClientSettings
from airflow_provider_webwork.errors import (
    WebWorkAPIError,
    WebWorkAuthError,
    WebWorkNotFoundError,
    WebWorkPermissionError,
    WebWorkRateLimitError,
    WebWorkRequestError,
    WebWorkResponseError,
    WebWorkServerError,
)
from airflow_provider_webwork.simulator import Simulator
from airflow_provider_webwork.simulator.faults import Kind
from tests.fake_webwork import FakeClock, FakeWebWork, Reply
from tests.impatience import NEVER, giving_up

URL = "https://receiver.example.com/x"
VERBS = {
    "GET": ("getWebhook", {"webhook_id": "{id}"}),
    "POST": ("createWebhook", {"url": f"{URL}/2", "events": ["tracker.stopped"]}),
    "PUT": ("updateWebhook", {"webhook_id": "{id}", "url": f"{URL}/2"}),
    "DELETE": ("deleteWebhook", {"webhook_id": "{id}"}),
}
AFTER = {"GET": [URL], "POST": [URL, f"{URL}/2"], "PUT": [f"{URL}/2"], "DELETE": []}
"""The URLs that are registered after one effect."""
ONCE = {"GET": 1, "POST": 1, "PUT": 1, "DELETE": 1}
AGAIN = {"GET": 5, "POST": 5, "PUT": 5, "DELETE": 5}
AGAIN_BUT_POST = {"GET": 5, "POST": 1, "PUT": 5, "DELETE": 5}
HANGING = {"kind": "hang", "seconds": NEVER}


@dataclass(frozen=True, kw_only=True)
class Lasting:
    """What comes of a fault that does not go away.

    :param requests: how many requests are sent, by verb.
    :param doubt: whether a write may have had its effect.
    """

    fault: dict[str, Any]
    error: type[WebWorkAPIError]
    requests: dict[str, int]
    doubt: bool


LASTING = {
    "400": Lasting(fault={"status": 400}, error=WebWorkRequestError, requests=ONCE, doubt=False),
    "401": Lasting(fault={"status": 401}, error=WebWorkAuthError, requests=ONCE, doubt=False),
    "403": Lasting(fault={"status": 403}, error=WebWorkPermissionError, requests=ONCE, doubt=False),
    "404": Lasting(fault={"status": 404}, error=WebWorkNotFoundError, requests=ONCE, doubt=False),
    "409": Lasting(fault={"status": 409}, error=WebWorkRequestError, requests=ONCE, doubt=False),
    "422": Lasting(fault={"status": 422}, error=WebWorkRequestError, requests=ONCE, doubt=False),
    "429": Lasting(fault={"status": 429}, error=WebWorkRateLimitError, requests=AGAIN, doubt=False),
    "429 for an hour": Lasting(
        fault={"status": 429, "retry_after": 3600}, error=WebWorkRateLimitError, requests=ONCE, doubt=False
    ),
    "500": Lasting(fault={"status": 500}, error=WebWorkServerError, requests=ONCE, doubt=True),
    "502": Lasting(fault={"status": 502}, error=WebWorkServerError, requests=AGAIN_BUT_POST, doubt=True),
    "503": Lasting(fault={"status": 503}, error=WebWorkServerError, requests=AGAIN_BUT_POST, doubt=True),
    "504": Lasting(fault={"status": 504}, error=WebWorkServerError, requests=AGAIN_BUT_POST, doubt=True),
    "a web page": Lasting(fault={"kind": "html"}, error=WebWorkResponseError, requests=ONCE, doubt=True),
    "a web page with 503": Lasting(
        fault={"kind": "html", "status": 503}, error=WebWorkServerError, requests=AGAIN_BUT_POST, doubt=True
    ),
    "no JSON": Lasting(fault={"kind": "garbage"}, error=WebWorkResponseError, requests=ONCE, doubt=True),
    "no body": Lasting(fault={"kind": "empty"}, error=WebWorkResponseError, requests=ONCE, doubt=True),
    "success: false": Lasting(fault={"kind": "unsuccessful"}, error=WebWorkRequestError, requests=ONCE, doubt=False),
    "closed": Lasting(fault={"kind": "close"}, error=WebWorkServerError, requests=AGAIN_BUT_POST, doubt=True),
    "truncated": Lasting(fault={"kind": "truncated"}, error=WebWorkServerError, requests=AGAIN_BUT_POST, doubt=True),
    "no answer in time": Lasting(fault=HANGING, error=WebWorkServerError, requests=AGAIN_BUT_POST, doubt=True),
}

LOST_ANSWERS = {
    "502": {"status": 502},
    "503": {"status": 503},
    "504": {"status": 504},
    "a web page with 503": {"kind": "html", "status": 503},
    "closed": {"kind": "close"},
    "truncated": {"kind": "truncated"},
    "no answer in time": HANGING,
}

USELESS_ANSWERS = {
    "500": {"status": 500},
    "a web page": {"kind": "html"},
    "no JSON": {"kind": "garbage"},
    "no body": {"kind": "empty"},
}

ODD_ANSWERS = {
    "in pieces": {"kind": "slow", "seconds": 0.05},
    "another content type": {"kind": "content_type"},
}


@pytest.fixture(scope="module")
def running():
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(running):
    running.reset()
    return running


@pytest.fixture
def client(simulator):
    clock = FakeClock()
    settings = ClientSettings(
        auth=BearerAuth(simulator.token),
        base_url=simulator.base_url_v2,
        workspace_id=simulator.workspace_id,
        timeout=(60.0, 60.0),
    )
    with Client(settings, sleep=clock.sleep, now=clock.now, monotonic=clock.monotonic, jitter=lambda: 0.0) as client:
        yield client


@pytest.fixture
def webhook_id(client):
    return client.call("createWebhook", url=URL, events=["tracker.started"])["data"]["id"]


def wanted(verb, webhook_id):
    name, arguments = VERBS[verb]
    return name, {key: webhook_id if value == "{id}" else value for key, value in arguments.items()}


@contextmanager
def failing(client, simulator, name, *, times, **fault):
    """Let the next requests fail, which are all of one operation; who gets no answer waits but a moment for it."""
    simulator.fault(name, times=times, **fault)
    with giving_up(client, simulator, on=range(times) if fault.get("kind") == "hang" else ()):
        yield


def urls(simulator):
    return [webhook.url for webhook in simulator.webhooks]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("case", LASTING)
def test_a_fault_that_lasts_ends_in_its_error_after_the_right_number_of_requests(
    case, verb, simulator, client, webhook_id
):
    lasting = LASTING[case]
    name, arguments = wanted(verb, webhook_id)
    before = len(simulator.requests)

    with failing(client, simulator, name, times=99, **lasting.fault), pytest.raises(WebWorkAPIError) as caught:
        client.call(name, **arguments)

    assert type(caught.value) is lasting.error
    assert len(simulator.requests) - before == lasting.requests[verb]
    assert caught.value.effect_unknown == (lasting.doubt and verb != "GET")
    assert urls(simulator) == [URL]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("case", LOST_ANSWERS)
def test_an_answer_that_is_lost_once_has_one_effect_and_is_asked_for_again_where_that_is_safe(
    case, verb, simulator, client, webhook_id
):
    name, arguments = wanted(verb, webhook_id)
    before = len(simulator.requests)

    error = None
    with failing(client, simulator, name, times=1, when="after", **LOST_ANSWERS[case]):
        try:
            client.call(name, **arguments)
        except WebWorkAPIError as caught:
            error = caught

    assert urls(simulator) == AFTER[verb]
    assert len(simulator.requests) - before == {"GET": 2, "POST": 1, "PUT": 2, "DELETE": 2}[verb]
    # The second DELETE finds nothing any more, which is no proof that the first one did it.
    assert type(error) is {"POST": WebWorkServerError, "DELETE": WebWorkNotFoundError}.get(verb, type(None))
    assert error is None or error.effect_unknown


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("case", USELESS_ANSWERS)
def test_an_answer_that_says_nothing_of_the_effect_it_had_is_an_error_at_once_that_says_so(
    case, verb, simulator, client, webhook_id
):
    name, arguments = wanted(verb, webhook_id)
    simulator.fault(name, when="after", **USELESS_ANSWERS[case])
    before = len(simulator.requests)

    with pytest.raises((WebWorkServerError, WebWorkResponseError)) as caught:
        client.call(name, **arguments)

    assert urls(simulator) == AFTER[verb]
    assert len(simulator.requests) - before == 1
    assert caught.value.effect_unknown == (verb != "GET")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("case", ODD_ANSWERS)
def test_an_answer_that_only_looks_odd_is_taken(case, verb, simulator, client, webhook_id):
    name, arguments = wanted(verb, webhook_id)
    simulator.fault(name, when="after", **ODD_ANSWERS[case])
    before = len(simulator.requests)

    assert client.call(name, **arguments)["success"]
    assert urls(simulator) == AFTER[verb]
    assert len(simulator.requests) - before == 1


def test_every_fault_that_the_simulator_knows_is_tried():
    lasting = [each.fault for each in LASTING.values()]
    once = [*LOST_ANSWERS.values(), *USELESS_ANSWERS.values(), *ODD_ANSWERS.values()]

    assert {fault.get("kind", "status") for fault in lasting + once} == set(get_args(Kind))


@pytest.mark.parametrize("case", ["429", "502", "closed", "truncated", "no answer in time"])
def test_a_fault_in_the_middle_of_a_listing_loses_and_repeats_no_record(case, simulator, client):
    records = client.iterate("getMembers", per_page=10)
    seen = [next(records)["id"]]
    with failing(client, simulator, "getMembers", times=2, **LASTING[case].fault):
        seen += [record["id"] for record in records]

    assert seen == list(range(1, 26))
    assert len(simulator.requests) == 3 + 2


def test_a_fault_that_lasts_ends_a_listing_with_its_error_after_the_records_before_it(simulator, client):
    records = client.iterate("getMembers", per_page=10)
    seen = [next(records)["id"]]
    simulator.fault("getMembers", times=99, status=503)

    with pytest.raises(WebWorkServerError):
        seen.extend(record["id"] for record in records)

    assert seen == list(range(1, 11))


class TestBodies:
    """Answers with status 200 whose body is not what WebWork documents."""

    @pytest.fixture
    def webwork(self):
        fake = FakeWebWork()
        yield fake
        fake.stop()

    @pytest.fixture
    def of_bodies(self, webwork):
        clock = FakeClock()
        settings = ClientSettings(auth=BearerAuth("some-token"), base_url=webwork.url, workspace_id=42)
        with Client(settings, sleep=clock.sleep, now=clock.now, monotonic=clock.monotonic) as client:
            yield client

    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize(
        "body",
        [b"", b"OK", b"null", b'"done"', b"true", b'{"success": tr', b"\xff\xfe", b"[" * 100_000, b'{"data": NaN}'],
        ids=["empty", "text", "null", "string", "boolean", "cut off", "no UTF-8", "deep", "NaN"],
    )
    def test_a_body_that_is_no_json_object_or_list_is_an_error_at_once(self, verb, body, webwork, of_bodies):
        webwork.replies(Reply(body=body))
        name, arguments = wanted(verb, "w1")

        with pytest.raises(WebWorkResponseError) as caught:
            of_bodies.call(name, **arguments)

        assert len(webwork.received) == 1
        assert caught.value.effect_unknown == (verb != "GET")

    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize("content_type", ["text/html", "text/plain; charset=latin-1", "application/octet-stream"])
    def test_json_is_read_whatever_its_content_type_says(self, verb, content_type, webwork, of_bodies):
        webwork.replies(Reply(body=b'{"success": true}', headers={"Content-Type": content_type}))
        name, arguments = wanted(verb, "w1")

        assert of_bodies.call(name, **arguments) == {"success": True}

    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize(
        "body", [b'{"success": false, "message": "No."}', b'{"success": false, "message": ["No.", "Never."]}']
    )
    def test_a_refusal_with_status_200_is_an_error(self, verb, body, webwork, of_bodies):
        webwork.replies(Reply(body=body))
        name, arguments = wanted(verb, "w1")

        with pytest.raises(WebWorkRequestError, match="No") as caught:
            of_bodies.call(name, **arguments)

        assert (len(webwork.received), caught.value.effect_unknown) == (1, False)
