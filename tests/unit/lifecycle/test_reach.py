"""A marked delivery says whether the receiver can be reached at a callback URL, and tells no secret."""

import logging
import threading

import pytest
import requests
from cryptography.fernet import Fernet

from airflow_provider_webwork.events.marks import HEADER, is_mark
from airflow_provider_webwork.lifecycle.reach import MarkedDelivery
from airflow_provider_webwork.lifecycle.unlogged import unlogged
from airflow_provider_webwork.secrets import Vault
from tests.fake_webwork import FakeWebWork, Reply
from tests.unit.lifecycle.conftest import NOW

KEY = "canary-of-a-callback-key"
URL = f"https://hooks.example.com/webwork/hooks/{KEY}"


def reached(answer, vault=None):
    """Send a marked delivery, which is answered in some way; return what comes of it, and what was sent."""
    sent = []

    def post(url, **options):
        sent.append((url, options))
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, response._content = answer
        return response

    return MarkedDelivery(vault or Vault([Fernet.generate_key().decode()]), now=lambda: NOW, post=post)(URL), sent


def test_a_receiver_that_knows_the_mark_is_reached():
    vault = Vault([Fernet.generate_key().decode()])
    reason, [(url, options)] = reached((200, b'{"status": "marked"}'), vault)

    assert (reason, url) == (None, URL)
    assert is_mark(options["headers"][HEADER], vault, key=KEY, now=NOW)
    assert options["allow_redirects"] is False


def test_anything_else_is_not_reached_and_the_reason_holds_no_secret():
    answers = {
        (404, b"{}"): "the answer has status 404",
        (302, b'{"status": "marked"}'): "the answer has status 302",
        (200, b'{"event_id": "7"}'): "something else than a receiver of this event log answers",
        (200, b"<html>Sign in</html>"): "something else than a receiver of this event log answers",
        (200, b'["marked"]'): "something else than a receiver of this event log answers",
    }
    for answer, reason in answers.items():
        assert reached(answer)[0] == reason
    lost = reached(requests.ConnectTimeout(f"Max retries exceeded with url: {URL}"))[0]
    assert lost == "no answer (ConnectTimeout)"
    assert reached(ValueError(f"Invalid IPv6 URL, for {URL}"))[0] == "no answer (ValueError)"


@pytest.fixture
def logging_receiver(caplog, monkeypatch):
    """A receiver whose answer urllib3 warns about, where everything is logged."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    receiver = FakeWebWork()
    # What comes after the line that is no header is not read.
    headers = {"Content-Length": "20", "X: y\r\nno header\r\nZ": "z"}
    receiver.replies(Reply(body=b'{"status": "marked"}', headers=headers))
    yield receiver
    receiver.stop()


def test_the_key_of_a_marked_delivery_is_in_no_log_and_other_requests_are_logged_as_before(logging_receiver, caplog):
    vault = Vault([Fernet.generate_key().decode()])
    assert MarkedDelivery(vault, now=lambda: NOW)(f"{logging_receiver.url}/hooks/{KEY}") is None
    assert KEY not in caplog.text

    requests.post(f"{logging_receiver.url}/something-else", timeout=60)
    assert {record.name for record in caplog.records if "something-else" in record.getMessage()} == {
        "urllib3.connection",
        "urllib3.connectionpool",
    }


def test_what_other_threads_request_meanwhile_is_logged(logging_receiver, caplog):
    url = f"{logging_receiver.url}/of-another-thread"
    with unlogged():
        other = threading.Thread(target=lambda: requests.post(url, timeout=60))
        other.start()
        other.join()
    assert "of-another-thread" in caplog.text
