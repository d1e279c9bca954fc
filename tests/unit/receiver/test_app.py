"""What the receiver answers, and what is in the event log then."""

import asyncio
import json
import logging
import sqlite3
import threading
from contextlib import nullcontext
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from airflow_provider_webwork.events import marks
from airflow_provider_webwork.events.reading import Reading
from airflow_provider_webwork.events.receivers import Receivers
from tests.unit.receiver.conftest import NOON, ask, until

STARTED = {"event": "tracker.started", "event_id": "e1", "data": {"user_id": 7}}


async def test_a_delivery_is_answered_with_the_id_of_its_stored_event(running):
    async with running() as place:
        got = await place.deliver(STARTED)
        [event] = place.events()
    assert (got.status, got.json) == (200, {"event_id": event.id})
    assert got.headers[b"content-type"] == b"application/json"
    assert (event.type, event.endpoint, event.received_at, event.proof) == ("tracker.started", "payroll", NOON, "key")


async def test_a_repeated_delivery_is_answered_with_the_id_of_the_first(running):
    async with running() as place:
        first = await place.deliver(STARTED)
        again = await place.deliver({**STARTED, "attempt": 2})
        assert len(place.events()) == 1
    assert (again.status, again.json) == (200, {**first.json, "repeated": True})


async def test_a_body_that_is_not_understood_is_stored_and_answered_with_202(running):
    async with running() as place:
        got = await place.deliver(b"broken")
        [event] = place.events()
    assert (got.status, got.json) == (202, {"event_id": event.id, "problem": event.problem})
    assert event.raw == b"broken"


async def test_each_event_of_a_list_is_answered_with_its_id(running):
    async with running() as place:
        got = await place.deliver([STARTED, {"event": "tracker.stopped"}])
        assert (got.status, got.json) == (200, {"events": [{"event_id": event.id} for event in place.events()]})
        again = await place.deliver([STARTED, {"no name": 1}])
        assert again.status == 202
        assert again.json["events"][0] == {**got.json["events"][0], "repeated": True}
        assert again.json["events"][1] == {
            "event_id": place.events()[2].id,
            "problem": place.events()[2].problem,
        }
        assert len(place.events()) == 3


async def test_of_a_list_that_cannot_be_stored_as_a_whole_nothing_is_stored(running):
    async with running() as place:
        with place.store.write() as connection:
            connection.exec_driver_sql(
                "CREATE TRIGGER picky BEFORE INSERT ON event WHEN NEW.type = 'poison' "
                "BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        refused, stored = await asyncio.gather(
            place.deliver([STARTED, {"event": "poison"}, {"event": "a"}]), place.deliver({"event": "b"})
        )
        assert (refused.status, stored.status) == (503, 200)
        assert [event.type for event in place.events()] == ["b"]


async def test_the_event_may_be_named_by_a_header(running):
    async with running() as place:
        await place.deliver({"user_id": 7}, headers={"X-WebWork-Event": "tracker.started"})
        assert [event.type for event in place.events()] == ["tracker.started"]


async def test_a_marked_delivery_is_recorded_and_never_stored_as_an_event(running, clock):
    async with running() as place:
        mark = marks.new_mark(place.vault, key=place.key, now=clock())
        got = await place.deliver(STARTED, headers={marks.HEADER: mark})
        assert place.events() == []
    assert (got.status, got.json) == (200, {"status": "marked"})
    [endpoint] = place.endpoints.list()
    assert (endpoint.last_marked_at, endpoint.deliveries, endpoint.last_delivery_at) == (NOON, 0, None)
    assert endpoint.last_probe_at is None


async def test_a_delivery_whose_mark_is_not_ours_is_an_event(running, clock):
    async with running() as place:
        mark = marks.new_mark(place.vault, key="another key", now=clock())
        for number, wrong in enumerate([mark, "forged"]):
            got = await place.deliver({**STARTED, "event_id": number}, headers={marks.HEADER: wrong})
            assert got.status == 200
        assert len(place.events()) == 2
    assert place.endpoints.list()[0].last_marked_at is None


async def test_an_endpoint_is_read_as_it_says_from_the_next_look_on(running):
    async with running() as place:
        place.endpoints.read_as("payroll", Reading(type="meta.kind"))
        await ask(place.receiver, "GET", "/hooks/nobody")  # makes the receiver read the endpoints
        await place.deliver({"event": "x", "meta": {"kind": "tracker.started"}})
        assert [event.type for event in place.events()] == ["tracker.started"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_probe_is_recorded_and_never_stored_as_an_event(running, method):
    async with running() as place:
        got = await ask(place.receiver, method, place.path)
        assert place.events() == []
    assert (got.status, got.body == b"") == (200, method == "HEAD")
    [endpoint] = place.endpoints.list()
    assert (endpoint.last_probe_at, endpoint.deliveries, endpoint.last_delivery_at) == (NOON, 0, None)


async def test_deliveries_are_counted_at_their_endpoint(running):
    async with running() as place:
        for body in (STARTED, STARTED, {**STARTED, "event_id": "e2"}):
            await place.deliver(body)
    [endpoint] = place.endpoints.list()
    assert (endpoint.deliveries, endpoint.last_delivery_at) == (3, NOON)


async def test_a_receiver_says_in_the_log_that_it_is_there(running):
    async with running() as place:
        [receiver] = Receivers(place.store).list()
    assert receiver.seen_at == NOON


@pytest.mark.parametrize("method", ["POST", "GET", "HEAD"])
async def test_whatever_is_not_there_gets_the_same_404(running, clock, method):
    async with running() as place:
        with place.store.write() as connection:
            connection.exec_driver_sql("UPDATE endpoint_key SET expires_at = ?", (_microseconds(NOON),))
        clock.goes_on(seconds=1)
        answers = [
            await ask(place.receiver, method, path)
            for path in ("/hooks/nobody", place.path, "/hooks/", "/hooks", f"{place.path}/", "/", "/elsewhere")
        ]
        assert place.events() == []
    assert {(got.status, got.body, tuple(got.messages[0]["headers"])) for got in answers} == {
        (404, b"" if method == "HEAD" else b'{"error": "Not found."}', tuple(answers[0].messages[0]["headers"]))
    }


async def test_a_key_that_was_made_a_moment_ago_is_known(running):
    async with running() as place:
        key = place.endpoints.open("billing", now=NOON).pending_key
        got = await ask(place.receiver, "POST", f"/hooks/{key}", body=json.dumps(STARTED).encode())
        assert got.status == 200
        assert place.events()[0].endpoint == "billing"


async def test_a_key_expires_by_the_clock(running, clock):
    async with running() as place:
        with place.store.write() as connection:
            expiry = _microseconds(NOON + timedelta(minutes=1))
            connection.exec_driver_sql("UPDATE endpoint_key SET expires_at = ?", (expiry,))
        await ask(place.receiver, "GET", "/hooks/nobody")  # makes the receiver read the endpoints
        assert (await place.deliver(STARTED)).status == 200
        clock.goes_on(minutes=1)
        assert (await place.deliver(STARTED)).status == 404


async def test_other_methods_are_refused_with_those_that_work(running):
    async with running() as place:
        got = await ask(place.receiver, "PUT", place.path)
        assert place.events() == []
    assert (got.status, got.headers[b"allow"]) == (405, b"GET, HEAD, POST")


async def test_a_body_of_exactly_the_limit_is_taken(running):
    body = json.dumps(STARTED).encode()
    async with running(receiver_max_body=len(body)) as place:
        assert (await place.deliver(body)).status == 200
        assert (await place.deliver(body + b" ")).status == 413


async def test_a_body_that_announces_too_much_is_refused_unread(running):
    async def unread():
        raise AssertionError("The body was read.")

    async with running() as place:
        headers = {"Content-Length": "1048577"}
        got = await ask(place.receiver, "POST", place.path, headers=headers, receive=unread)
        assert place.events() == []
    assert got.status == 413


async def test_a_body_in_chunks_is_refused_as_soon_as_it_is_too_large(running):
    asked = 0

    async def endless():
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"x" * 100, "more_body": True}

    async with running(receiver_max_body=1000) as place:
        got = await ask(place.receiver, "POST", place.path, receive=endless)
    assert (got.status, asked) == (413, 11)


async def test_a_body_that_does_not_come_is_answered_with_408(running):
    async with running(receiver_body_timeout=0.01) as place:
        got = await ask(place.receiver, "POST", place.path, receive=asyncio.Event().wait)
        assert place.events() == []
    assert (got.status, got.headers[b"connection"]) == (408, b"close")


async def test_a_body_that_is_cut_off_is_not_stored(running):
    parts = [{"type": "http.request", "body": b'{"event": "a"}', "more_body": True}, {"type": "http.disconnect"}]

    async def cut_off():
        return parts.pop(0)

    async with running() as place:
        got = await ask(place.receiver, "POST", place.path, receive=cut_off)
        assert place.events() == []
    assert got.status == 400


async def test_an_event_is_stored_even_if_its_sender_hangs_up_before_the_answer(running):
    async with running() as place:

        async def gone(message):
            raise OSError

        body = json.dumps(STARTED).encode()
        scope = {
            "type": "http", "method": "POST", "path": place.path, "query_string": b"", "root_path": "", "headers": [],
        }  # fmt: skip

        async def receive():
            return {"type": "http.request", "body": body}

        await place.receiver(scope, receive, gone)
        assert len(place.events()) == 1


async def test_while_the_log_is_locked_deliveries_get_503_and_afterwards_they_are_stored(running, tmp_path, caplog):
    async with running(lock_timeout=0.5) as place:
        other = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        got = await place.deliver(STARTED)
        assert (got.status, got.headers[b"retry-after"]) == (503, b"2")
        assert "log_unavailable" in caplog.text
        other.execute("ROLLBACK")
        other.close()
        assert (await place.deliver(STARTED)).status == 200
        assert len(place.events()) == 1


async def test_a_full_queue_gets_503_and_loses_nothing_that_it_took(running, tmp_path):
    async with running(receiver_queue=2) as place:
        other = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        waiting = [asyncio.create_task(place.deliver({**STARTED, "event_id": name})) for name in ("e1", "e2")]
        await asyncio.sleep(0)
        refused = await place.deliver({**STARTED, "event_id": "e3"})
        assert not any(task.done() for task in waiting)
        other.execute("ROLLBACK")
        other.close()
        answers = await asyncio.gather(*waiting)
        stored = {event.id for event in place.events()}
    assert refused.status == 503
    assert b"retry-after" in refused.headers
    assert {got.json["event_id"] for got in answers} == stored


async def test_when_the_endpoints_cannot_be_read_an_unknown_key_gets_503_and_a_known_one_still_works(running):
    async with running() as place:
        with place.store.write() as connection:
            connection.exec_driver_sql("ALTER TABLE endpoint RENAME TO away")
        assert (await ask(place.receiver, "POST", "/hooks/nobody")).status == 503
        assert (await ask(place.receiver, "GET", "/health/ready")).status == 503
        assert (await place.deliver(STARTED)).status == 200
        with place.store.write() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO endpoint")
        assert (await ask(place.receiver, "POST", "/hooks/nobody")).status == 404


async def test_health_tells_whether_deliveries_would_be_stored(running):
    async with running() as place:
        ready = await ask(place.receiver, "GET", "/health/ready")
        told = {"status": "ready", "problems": [], "event_log": "available", "queue": 0}
        assert (ready.status, ready.json) == (200, told)
    after = await ask(place.receiver, "GET", "/health/ready")
    assert (after.status, b"retry-after" in after.headers) == (503, True)
    assert after.json["problems"] == ["The receiver is starting or stopping."]
    assert (await ask(place.receiver, "GET", "/health/live")).status == 200


async def test_a_receiver_that_cannot_write_is_not_ready(running, clock, tmp_path):
    async with running(lock_timeout=0.1) as place:
        other = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        clock.goes_on(seconds=10)
        await until(lambda: not place.receiver._sightings.works)
        assert (await ask(place.receiver, "GET", "/health/ready")).status == 503
        other.execute("ROLLBACK")
        other.close()
        await until(lambda: place.receiver._sightings.works)
        assert (await ask(place.receiver, "GET", "/health/ready")).status == 200


async def test_a_receiver_that_stopped_says_try_again_and_leaves_no_thread(running):
    async with running() as place:
        assert "webwork-append" in {thread.name for thread in threading.enumerate()}
    assert (await place.deliver(STARTED)).status == 503
    assert "webwork-append" not in {thread.name for thread in threading.enumerate()}


async def test_stopping_answers_what_was_taken(running):
    async with running() as place:
        delivery = asyncio.create_task(place.deliver(STARTED))
        await asyncio.sleep(0)
    assert (await delivery).status == 200


@pytest.mark.parametrize("base", ["/webwork", "/deploy/webwork"])
async def test_it_works_below_a_mount_and_hides_its_keys_there(running, base):
    scopes = []
    async with running() as place:
        app = Starlette(routes=[Mount("/webwork", app=Starlette(routes=[Mount("/", app=place.receiver)]))])

        async def logging_app(scope, receive, send):
            scopes.append(scope)
            await app(scope, receive, send)

        root = base.removesuffix("/webwork")
        transport = httpx.ASGITransport(logging_app, root_path=root)
        async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
            got = await client.post(f"{base}{place.path}", json=STARTED)
            assert got.status_code == 200
            assert (await client.get(f"{base}/hooks/nobody")).json() == {"error": "Not found."}
            assert (await client.get(f"{base}/health/ready")).status_code == 200
        assert len(place.events()) == 1
    paths = [scope["path"] for scope in scopes]
    assert paths == [f"{base}/hooks/***", f"{base}/hooks/***", f"{base}/health/ready"]
    assert place.key not in str([{**scope, "app": None} for scope in scopes])


@pytest.mark.parametrize("case", ["fails", "hangs up", "too large", "not found", "websocket"])
async def test_no_scope_holds_the_key_however_a_request_ends(running, case):
    async with running(receiver_max_body=10) as place:

        async def receive():
            if case == "fails":
                raise RuntimeError("broken server")
            return {"type": "http.disconnect"} if case == "hangs up" else {"type": "http.request", "body": b"x" * 11}

        async def send(message):
            pass

        path = f"/elsewhere{place.path}" if case == "not found" else place.path
        scope = {
            "type": "websocket" if case == "websocket" else "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": place.key.encode(),
            "root_path": "",
            "headers": [],
        }
        assert place.key in str(scope)
        with pytest.raises(RuntimeError, match="broken server") if case == "fails" else nullcontext():
            await place.receiver(scope, receive, send)
        assert place.key not in str(scope)
        assert scope["path"].endswith("/hooks/***")


async def test_logs_hold_neither_keys_nor_tokens_nor_bodies(running, caplog):
    caplog.set_level(logging.DEBUG)
    async with running() as place:
        await place.deliver({**STARTED, "note": "canary-of-the-body", "token": "canary-of-the-token"})
        await place.deliver(b"broken canary-of-the-body")
        await ask(place.receiver, "GET", place.path)
        await ask(place.receiver, "POST", "/hooks/canary-of-an-unknown-key")
        with place.store.write() as connection:
            connection.exec_driver_sql("DROP TABLE event")
        assert (await place.deliver({**STARTED, "event_id": "canary-of-the-id"})).status == 503
    assert "problem" in caplog.text
    assert "503" in caplog.text
    assert place.key not in caplog.text
    assert "canary" not in caplog.text


def _microseconds(moment):
    return int(moment.timestamp() * 1_000_000)
