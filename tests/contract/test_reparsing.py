"""What could not be understood is parsed again: each delivery once, however often and by how many."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.problems import Problems
from airflow_provider_webwork.events.reading import Reading
from airflow_provider_webwork.events.retention import Retention
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.receiver.parse import parse
from airflow_provider_webwork.receiver.reparse import Reparsed, reparse
from tests.contract.arrivals import NOON, arrival
from tests.contract.processes import FRESH, together

JSON = "application/json"
LATER = NOON + timedelta(days=3)
ENDPOINT = Endpoint(name="payroll", state="active", created_at=NOON, workspace_id="42")
NOW_SAID = replace(ENDPOINT, reading=Reading(type="meta.kind"))
NOTHING = Reparsed(problems=0, solved=0, events=0, repeated=0)


def nameless(number=1):
    return {"meta": {"kind": "tracker.started"}, "user_id": 7, "number": number}


def deliver(log, said, content_type=JSON, *, endpoint=ENDPOINT, after=timedelta(0)):
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return log.append(parse(body, content_type, endpoint=endpoint, received_at=NOON + after, key="key"))


def again(store, endpoint=NOW_SAID):
    return reparse(store, [endpoint])


def test_what_is_understood_now_is_appended_and_names_what_it_was_parsed_from(store, log):
    deliver(log, nameless())
    log.append([arrival()])

    assert again(store) == Reparsed(problems=1, solved=1, events=1, repeated=0)
    problem, _, event = log.read()
    assert (problem.seq, problem.type, problem.payload) == (1, "unknown", None)
    assert (event.seq, event.reparsed_from, event.problem) == (3, 1, None)
    assert (event.type, event.user_id, event.workspace_id) == ("tracker.started", "7", "42")
    assert (event.received_at, event.endpoint, event.proof, event.payload) == (NOON, "payroll", "key", nameless())
    assert event.id != problem.id


def test_each_is_solved_once_however_often_it_is_tried(store, log):
    deliver(log, nameless())
    again(store)

    assert [again(store) for _ in range(2)] == [NOTHING] * 2
    assert log.head() == 2


def test_what_still_is_not_understood_stays_and_is_tried_again(store, log):
    deliver(log, b"broken")

    assert again(store) == again(store) == Reparsed(problems=1, solved=0, events=0, repeated=0)
    assert log.head() == 1


@pytest.mark.parametrize("since", [timedelta(hours=1), timedelta(days=60)])
def test_an_event_that_was_understood_when_it_came_again_is_not_stored_twice(store, log, since):
    said = {**nameless(), "event_id": "e1"}
    deliver(log, said)
    deliver(log, said, endpoint=NOW_SAID, after=timedelta(minutes=5))

    assert again(store) == Reparsed(problems=1, solved=1, events=0, repeated=1)
    # What tells repeated deliveries is forgotten after two days; what was solved is not.
    Retention(store, now=lambda: NOON + since).prune(older_than=timedelta(days=90), consumer_expiry=timedelta(days=30))
    assert again(store) == NOTHING
    assert log.head() == 2


def test_a_list_becomes_all_of_its_events_in_one_transaction(store, log):
    log.append([problem_of([nameless(1), nameless(2), {"still": "nameless"}])])

    assert again(store) == Reparsed(problems=2, solved=1, events=3, repeated=0)
    assert [(event.type, event.reparsed_from, event.problem is None) for event in log.read()][1:] == [
        ("tracker.started", 1, True),
        ("tracker.started", 1, True),
        ("unknown", 1, False),
    ]
    assert again(store) == Reparsed(problems=1, solved=0, events=0, repeated=0)


def problem_of(said):
    return arrival(type="unknown", payload=None, raw=json.dumps(said).encode(), problem="too new", endpoint="payroll")


def test_a_form_is_recognised_without_its_content_type(store, log):
    deliver(log, b"meta[kind]=tracker.started&user_id=7", "application/x-www-form-urlencoded")

    assert again(store).events == 1
    assert [event.payload for event in log.read()][1] == {"meta": {"kind": "tracker.started"}, "user_id": "7"}


def test_without_its_endpoint_a_delivery_is_read_as_usual(store, log):
    gone = replace(ENDPOINT, name="gone", reading=Reading(type="nowhere"))
    log.append([arrival(type="unknown", payload=None, raw=b'{"event": "a"}', problem="?", endpoint="gone")])
    deliver(log, nameless(), endpoint=gone)

    assert again(store) == Reparsed(problems=2, solved=1, events=1, repeated=0)
    assert [(event.type, event.endpoint) for event in log.read()][2] == ("a", "gone")


def test_more_problems_than_one_page_are_all_solved(store, log):
    for number in range(50):
        deliver(log, nameless(number))

    assert again(store) == Reparsed(problems=50, solved=50, events=50, repeated=0)
    assert [event.payload["number"] for event in log.read(after=50)] == list(range(50))


def reparse_at_once(url, barrier):
    with closing(Store(url)) as store:
        store.revision()
        barrier.wait(timeout=60)
        return again(store)


def test_processes_that_parse_again_at_once_solve_each_once(store_url, log):
    for number in range(60):
        deliver(log, nameless(number))
    done = together(reparse_at_once, [(store_url, FRESH.Barrier(3))] * 3)

    assert sum(each.solved for each in done) == sum(each.events for each in done) == 60
    assert sorted(event.payload["number"] for event in log.read(after=60)) == list(range(60))
    assert log.head() == 120


def test_a_person_is_erased_also_from_what_an_event_was_parsed_from(store, log):
    for number in range(3):
        deliver(log, {**nameless(number), "user_id": number, "name": f"canary-{number}"})
    again(store)

    assert Retention(store, now=lambda: LATER).erase("1", actor="a test") == 2
    stored = " ".join(f"{event.payload} {event.raw}" for event in log.read())
    assert [f"canary-{number}" in stored for number in range(3)] == [True, False, True]


def test_what_was_erased_meanwhile_is_not_brought_back(store, log):
    deliver(log, nameless())
    problems = Problems(store)
    [problem] = problems.page(0)
    again(store)
    Retention(store, now=lambda: LATER).erase("7", actor="a test")

    assert problems.solve(problem.seq, [arrival()]) is None
    assert again(store) == NOTHING
    assert log.head() == 2


def test_a_solution_that_cannot_be_stored_leaves_the_problem_open(store, log):
    deliver(log, nameless())
    with pytest.raises(Exception, match="NUL or half of a surrogate"):
        Problems(store).solve(1, [arrival(), arrival(type="\0")])

    assert log.head() == 1
    assert again(store).solved == 1


def test_pruned_problems_leave_nothing_behind(store, log):
    deliver(log, nameless())
    again(store)
    log.append([arrival(after=timedelta(days=9))])
    Retention(store, now=lambda: NOON + timedelta(days=10)).prune(
        older_than=timedelta(days=1), consumer_expiry=timedelta(days=30)
    )

    assert EventLog(store).horizon() == 3
    assert again(store) == NOTHING
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM reparsed").scalar() == 0
