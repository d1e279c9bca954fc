"""What no delivery told of is restored from what the API shows, once, and nothing is guessed."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from airflow_provider_webwork.api.auth import BearerAuth
from airflow_provider_webwork.api.client import Client, ClientSettings
from airflow_provider_webwork.errors import WebWorkConfigurationError, WebWorkServerError
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.receivers import Receiver, Receivers
from airflow_provider_webwork.events.restoring import Restoring
from airflow_provider_webwork.events.retention import Retention
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.lifecycle.reconcile import Reconciliation
from airflow_provider_webwork.simulator import Company, Simulator
from tests.contract.arrivals import arrival

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
"""A Wednesday."""
TOLERANCE = timedelta(seconds=90)
MEMBERS = 3


class Work:
    """Members who work at a simulated WebWork, and the log that is to know of it."""

    def __init__(self, simulator, clock, store):
        self.simulator = simulator
        self.clock = clock
        self.store = store
        self.log = EventLog(store)
        settings = ClientSettings(
            base_url=simulator.base_url_v2, auth=BearerAuth(simulator.token), workspace_id=simulator.workspace_id
        )
        self.client = Client(settings, sleep=lambda _: None)
        self.done = []

    def at(self, **offset):
        """Let it be some time after noon."""
        self.clock.time = NOON + timedelta(**offset)
        return self

    def starts(self, user_id, **options):
        self.simulator.start_tracker(user_id, **options)
        self.done.append(("tracker.started", str(user_id), self.clock.time))

    def stops(self, user_id):
        self.simulator.stop_tracker(user_id)
        self.done.append(("tracker.stopped", str(user_id), self.clock.time))

    def reconcile(self, start=NOON, end=NOON + timedelta(hours=1), *, client=None, **options):
        reconciliation = Reconciliation(
            client=client or self.client,
            restoring=Restoring(self.store),
            retention=timedelta(days=90),
            now=lambda: self.clock.time,
        )
        return reconciliation.run(start, end, tolerance=TOLERANCE, **options).as_dict()

    def stored(self):
        return [(event.type, event.user_id, event.occurred_at) for event in self.log.read()]


@pytest.fixture
def begin(empty_log, tmp_path):
    opened = []

    def begin_at(**company):
        clock = SimpleNamespace(time=NOON)
        simulator = Simulator(now=lambda: clock.time, company=Company(**{"members": MEMBERS, "weeks": 0, **company}))
        simulator.start()
        store = Store(f"sqlite:///{shutil.copy(empty_log, tmp_path / 'events.db')}")
        work = Work(simulator, clock, store)
        opened.append(work)
        return work

    yield begin_at
    for work in opened:
        work.client.close()
        work.store.close()
        work.simulator.stop()


@pytest.fixture
def work(begin):
    return begin()


def counts(**values):
    return {"shown": 0, "present": 0, "added": 0, "unmatched": 0, "incomplete": 0, **values}


def test_every_start_and_stop_is_restored_in_its_order_and_only_once(work):
    work.at(minutes=1).starts(1)
    work.at(minutes=5).starts(2)
    work.at(minutes=20).stops(1)
    work.at(minutes=30).starts(1)
    work.at(hours=1)

    window = {"start": "2026-11-18T12:00:00.000000Z", "end": "2026-11-18T13:00:00.000000Z"}
    assert work.reconcile() == {**window, **counts(shown=4, added=4)}
    assert work.stored() == work.done
    assert work.reconcile() == {**window, **counts(shown=4, present=4)}
    assert work.stored() == work.done


def test_a_restored_event_says_what_it_is_and_carries_its_time_entry(work):
    work.at(minutes=1).starts(2)
    work.at(minutes=9).stops(2)
    work.at(minutes=10).reconcile()
    (entry,) = work.client.iterate("getTimeEntries", user_id=2, date="2026-11-18")

    started, stopped = (event.as_dict() for event in work.log.read())
    assert (started["type"], stopped["type"]) == ("tracker.started", "tracker.stopped")
    assert {started["synthetic"], stopped["synthetic"]} == {True}
    assert (stopped["workspace_id"], stopped["user_id"], stopped["endpoint"]) == (1, 2, None)
    assert (started["occurred_at"], stopped["occurred_at"]) == (
        "2026-11-18T12:01:00.000000Z",
        "2026-11-18T12:09:00.000000Z",
    )
    assert stopped["received_at"] == "2026-11-18T12:10:00.000000Z"
    assert started["data"] == stopped["data"] == entry


def test_what_a_delivery_told_of_is_left_alone(work):
    work.at(minutes=1).starts(1)
    work.at(minutes=10).stops(1)
    work.log.append([told("tracker.started", "1", NOON + timedelta(minutes=1, seconds=40))])
    work.log.append([told("tracker.stopped", "3", NOON + timedelta(minutes=10))])
    work.at(hours=1)

    outcome = work.reconcile()
    assert {name: outcome[name] for name in counts()} == counts(shown=2, present=1, added=1, unmatched=1)
    assert work.stored()[2:] == [work.done[1]]


def told(name, user_id, moment):
    return arrival(type=name, workspace_id="1", user_id=user_id, occurred_at=moment)


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kathmandu"])
@pytest.mark.parametrize("hour", range(0, 24, 5))
def test_entries_are_found_whatever_the_time_zone_of_the_workspace_and_over_midnight(begin, zone, hour):
    work = begin(timezone=zone, members=1)
    if zone != "UTC":
        work.client.call("updateMember", member_id=1, timezone=zone)
    work.at(hours=hour, minutes=-50).starts(1)
    work.at(hours=hour, minutes=10).stops(1)
    work.at(hours=hour, minutes=11).starts(1)
    work.at(hours=hour + 1)

    assert work.reconcile(NOON + timedelta(hours=hour - 1), NOON + timedelta(hours=hour + 1))["added"] == 3
    assert work.stored() == work.done


def test_only_what_happened_in_the_window_is_added(work):
    work.at(minutes=-20).starts(1)
    work.at(minutes=59).stops(1)
    work.at(minutes=60).starts(1)
    work.at(minutes=61).stops(1)

    assert work.reconcile()["shown"] == 1
    assert work.stored() == work.done[1:2]


def test_what_was_told_of_just_before_the_window_is_not_taken_for_what_happened_in_it(work):
    work.at(seconds=-40).starts(1)
    work.at(seconds=-20).stops(1)
    work.at(seconds=20).starts(1)
    work.log.append([told("tracker.started", "1", NOON - timedelta(seconds=40))])
    work.at(hours=1)

    assert work.reconcile()["added"] == 1
    assert work.stored() == [work.done[0], work.done[2]]


def test_time_that_nobody_tracked_is_no_event(work):
    work.at(hours=6)
    work.client.call(
        "createTimeEntry", user_id=1, date="2026-11-18", start_time="12:10", end_time="12:40", contract_id=101
    )
    assert work.reconcile()["shown"] == 0
    assert work.stored() == []


def test_more_entries_than_a_page_holds_are_all_seen(work):
    for minute in range(59):
        work.at(minutes=minute).starts(1)
        work.at(minutes=minute, seconds=30).stops(1)
    work.at(hours=1)

    assert work.reconcile()["added"] == 118
    assert work.stored() == work.done


ENTRY = {
    "id": "e1",
    "user_id": 7,
    "method": "Desktop tracker",
    "start_time": "2026-11-18T12:01:00Z",
    "end_time": "2026-11-18T14:31:00+02:00",
}


class Shows:
    """A WebWork that shows the same entries whomever it is asked for."""

    def __init__(self, *entries, members=({"id": 7},), **settings):
        self.settings = SimpleNamespace(**{"api_version": "v2", "workspace_id": 1, **settings})
        self.asked = set()
        self._entries = entries
        self._members = members

    def iterate(self, operation, **arguments):
        if operation == "getMembers":
            return iter(self._members)
        self.asked.add(arguments["user_id"])
        return iter(self._entries)


@pytest.mark.parametrize(
    ("differs", "added"),
    [
        ({"user_id": None}, []),
        ({"user_id": ""}, []),
        ({"user_id": True}, []),
        ({"method": None}, []),
        ({"method": "Something new"}, []),
        ({"start_time": None}, ["tracker.stopped"]),
        ({"start_time": "2026-11-18 12:01:00"}, ["tracker.stopped"]),
        ({"start_time": 1763467260}, ["tracker.stopped"]),
        ({"end_time": "soon"}, ["tracker.started"]),
        ({"end_time": "12:31"}, ["tracker.started"]),
    ],
)
def test_what_lacks_a_user_or_a_time_is_counted_and_not_guessed(work, differs, added):
    work.at(hours=1)
    outcome = work.reconcile(client=Shows({**ENTRY, **differs}))

    assert outcome["incomplete"] >= 1
    assert [event.type for event in work.log.read()] == added


@pytest.mark.parametrize("method", ["Manually added time", "Idle time", "Break", "Paid leave", "Paid holiday"])
def test_other_kinds_of_time_are_known_and_not_incomplete(work, method):
    work.at(hours=1)
    outcome = work.reconcile(client=Shows({**ENTRY, "method": method}))
    assert {name: outcome[name] for name in counts()} == counts()


def test_an_entry_that_is_listed_on_two_days_or_twice_is_one(work):
    work.at(hours=1)
    assert work.reconcile(client=Shows(ENTRY, dict(ENTRY)))["added"] == 2
    assert [event.user_id for event in work.log.read()] == ["7", "7"]


def test_those_who_left_before_are_not_asked_for(work):
    left = ["2026-11-18T12:30:00.000000Z", "2026-11-17T10:00:00.000000Z", None, "some time"]
    shows = Shows(members=[{"id": number, "deleted_at": when} for number, when in enumerate(left)])
    work.at(hours=1).reconcile(client=shows)

    assert shows.asked == {0, 2, 3}


@pytest.mark.parametrize("zone", ["Nowhere/Land", "", None, 7, "America", "../UTC"])
def test_a_zone_that_nobody_knows_does_no_harm(work, zone):
    work.at(hours=1)
    assert work.reconcile(client=Shows(ENTRY, members=[{"id": 7, "timezone": zone}]))["added"] == 2


@pytest.mark.parametrize(
    ("settings", "named"), [({"api_version": "v1"}, "needs API v2"), ({"workspace_id": None}, "workspace_id")]
)
def test_a_connection_that_cannot_do_it_is_refused(work, settings, named):
    with pytest.raises(WebWorkConfigurationError, match=named):
        work.at(hours=1).reconcile(client=Shows(**settings))


@pytest.mark.parametrize(
    ("start", "end", "named"),
    [
        (NOON, NOON, "start must be before end"),
        (NOON + timedelta(hours=2), NOON + timedelta(hours=3), "in the past"),
        (NOON - timedelta(days=90), NOON, "may have been, pruned"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(work, start, end, named):
    with pytest.raises(ValueError, match=named):
        work.at(hours=1).reconcile(start, end)


def test_a_try_that_fails_adds_nothing_and_the_next_one_does_it(work):
    work.at(minutes=1).starts(1)
    work.at(minutes=9).stops(1)
    work.at(hours=1).simulator.fault("getTimeEntries", status=500, skip=3)
    with pytest.raises(WebWorkServerError):
        work.reconcile()
    assert work.stored() == []
    assert Receivers(work.store).absence(now=work.clock.time) is not None

    assert work.reconcile()["added"] == 2


# A sign of life.


def test_a_log_that_was_reconciled_lately_is_not_said_to_be_unserved(work):
    work.at(hours=1).reconcile()
    receivers = Receivers(work.store)

    assert receivers.absence(now=NOON + timedelta(hours=26)) is None
    said = receivers.absence(now=NOON + timedelta(hours=26, seconds=1))
    assert "A receiver was never seen at this event log" in said
    assert "last reconciled up to 2026-11-18T13:00:00.000000Z" in said
    receivers.beat(Receiver(name="r", version="1", seen_at=NOON + timedelta(days=3)))
    assert receivers.absence(now=NOON + timedelta(days=3)) is None


def test_reconciling_the_past_is_no_sign_of_life(work):
    work.reconcile(NOON - timedelta(days=30), NOON - timedelta(days=29))
    said = Receivers(work.store).absence(now=NOON)
    assert "WebWorkReconcileEventsOperator" in said


def test_a_window_that_ends_in_the_future_counts_up_to_now(work):
    work.reconcile(NOON - timedelta(hours=1), NOON + timedelta(days=30))
    assert Receivers(work.store).absence(now=NOON + timedelta(hours=26)) is not None


def test_what_was_pruned_is_not_restored_and_given_a_second_time(work):
    work.at(minutes=1).starts(1)
    assert work.at(hours=1).reconcile()["added"] == 1
    work.at(days=3).starts(2)
    later = NOON + timedelta(days=3)
    assert work.at(days=3, hours=1).reconcile(start=later, end=later + timedelta(hours=1))["added"] == 1
    retention = Retention(work.store, now=lambda: work.clock.time, sleep=lambda _: None)
    assert retention.prune(older_than=timedelta(days=2), consumer_expiry=timedelta(days=30)).events == 1

    with pytest.raises(ValueError, match=r"start must not be before 2026-11-19T13:00:00.000000Z: .* pruned"):
        work.reconcile()
    assert work.reconcile(start=NOON + timedelta(days=2), end=later + timedelta(hours=1))["added"] == 0
