"""Old events go, but none that somebody has still to be given; and a person's payloads go at once."""

import json
import threading
from datetime import timedelta

import pytest

from airflow_provider_webwork.errors import WebWorkConsumerError
from airflow_provider_webwork.events.audit import entries
from airflow_provider_webwork.events.event import STRONG_WINDOW
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.restoring import Restoring
from airflow_provider_webwork.events.retention import Pruned, Retention
from tests.contract.arrivals import NOON, arrival
from tests.contract.readers import ALL, STARTED, STOPPED, Readers

PATIENCE = 30


def places(readers):
    return [event.seq for event in readers.log.read()]


def grow_old(readers, *types, young=1):
    """Store events, and newer ones 100 days later."""
    readers.append(*types)
    readers.goes_on(days=100)
    readers.append(*["tracker.started"] * young)


def test_events_older_than_the_retention_go_and_younger_ones_stay(readers):
    grow_old(readers, *["tracker.started"] * 3, young=2)
    assert readers.prune() == Pruned(events=3, oldest=4, held_by=None)
    assert places(readers) == [4, 5]
    assert readers.prune() == Pruned(events=0, oldest=4, held_by=None)


def test_an_empty_log_can_be_pruned(readers):
    assert readers.prune() == Pruned(events=0, oldest=1, held_by=None)


def test_the_newest_event_stays_and_numbers_go_on_from_it(readers):
    readers.append(*["tracker.started"] * 3)
    readers.goes_on(days=1_000)
    assert readers.prune().events == 2
    assert places(readers) == [3]
    assert readers.append("tracker.started") == [4]


def test_an_event_that_a_clock_dated_years_ahead_keeps_none_behind_it_from_being_removed(readers):
    readers.log.append([arrival(after=timedelta(days=3_650))])
    grow_old(readers, "tracker.started")
    assert readers.prune() == Pruned(events=2, oldest=3, held_by=None)


def test_more_than_a_transaction_removes_goes_in_several(readers):
    readers.log.append([arrival() for _ in range(2_600)])
    pauses = []
    retention = Retention(readers.store, now=lambda: NOON + timedelta(days=100), sleep=pauses.append)
    retention.prune(older_than=timedelta(days=90), consumer_expiry=timedelta(days=30))
    assert places(readers) == [2_600]
    assert len(pauses) > 5
    assert all(seconds > 0 for seconds in pauses)


def test_what_a_live_consumer_has_still_to_be_given_stays(readers):
    readers.consumers.create("hours", ALL, start="beginning")
    grow_old(readers, *["tracker.started"] * 6)
    readers.claim("r1", limit=4)
    readers.claims.claim("hours", "salaries/r1/claim/-1", limit=2)
    readers.goes_on(days=8)
    assert readers.prune() == Pruned(events=2, oldest=3, held_by="hours")
    assert readers.claims.lag("hours").events == 5
    readers.claims.claim("hours", "salaries/r2/claim/-1", limit=100)
    readers.goes_on(days=8)
    assert readers.prune() == Pruned(events=2, oldest=5, held_by="payroll")


def test_a_consumer_that_matches_rarely_holds_nothing_back_but_what_it_wants(readers):
    readers.consumers.create("payroll", STOPPED, start="beginning")
    grow_old(readers, *["tracker.started"] * 4, "tracker.stopped", "tracker.started")
    readers.consumers.seen(readers.payroll, proven=0)
    assert readers.prune() == Pruned(events=4, oldest=5, held_by="payroll")
    assert readers.payroll.position == 4
    assert readers.claim("r1", wanted=STOPPED) == [5]


def test_what_was_released_stays_until_it_is_claimed_again(readers):
    grow_old(readers, *["tracker.started"] * 6)
    readers.claim("r1", limit=2)
    readers.claim("r2", limit=3)
    readers.claim("r3", limit=2)
    readers.release("r2")
    readers.goes_on(days=8)
    assert readers.prune() == Pruned(events=2, oldest=3, held_by="payroll")
    assert readers.claim("r4", limit=2) == [3, 4]
    readers.goes_on(days=8)
    assert readers.prune() == Pruned(events=2, oldest=5, held_by="payroll")
    assert readers.claim("r5", limit=2) == [5]
    readers.goes_on(days=8)
    assert readers.prune() == Pruned(events=2, oldest=7, held_by=None)


def test_what_was_claimed_lately_stays_for_its_run(readers):
    readers.consumers.create("payroll", ALL, start="beginning")
    grow_old(readers, *["tracker.started"] * 6)
    readers.claim("r1", limit=2)
    readers.goes_on(days=4)
    readers.claim("r2", limit=4)
    assert readers.prune() == Pruned(events=0, oldest=1, held_by="payroll")
    assert readers.claim("r1", limit=2) == [1, 2]
    readers.goes_on(days=4)
    assert readers.prune() == Pruned(events=2, oldest=3, held_by="payroll")
    assert readers.claim("r2", limit=4) == [3, 4, 5, 6]
    assert readers.prune(even_unclaimed=True) == Pruned(events=4, oldest=7, held_by=None)


def test_what_was_claimed_is_kept_for_its_run_no_longer_than_events_are(readers):
    readers.append(*["tracker.started"] * 2)
    readers.claim("r1", limit=2)
    readers.goes_on(hours=2)
    readers.append("tracker.started")
    assert readers.prune(older_than=timedelta(hours=3)).events == 0
    assert readers.prune(older_than=timedelta(hours=1)) == Pruned(events=2, oldest=3, held_by=None)


def test_up_to_when_a_log_was_pruned_is_known_and_goes_back_with_nobody(readers):
    restoring = Restoring(readers.store)
    grow_old(readers, *["tracker.started"] * 2)
    readers.append("tracker.started")
    assert restoring.kept_since() is None
    readers.prune(older_than=timedelta(days=200))
    assert restoring.kept_since() is None
    readers.prune(older_than=timedelta(days=90))
    known = restoring.kept_since()
    assert readers.moment - timedelta(days=90, seconds=1) < known < readers.moment - timedelta(days=89)
    readers.append("tracker.started")
    readers.prune(older_than=timedelta(0))
    later = restoring.kept_since()
    assert later > known
    readers.append("tracker.started")
    readers.goes_on(hours=1)
    readers.append("tracker.started")
    readers.prune(older_than=timedelta(minutes=90))
    assert restoring.kept_since() == later


def test_an_event_from_a_clock_that_was_ahead_keeps_no_others(readers):
    grow_old(readers, *["tracker.started"] * 2)
    readers.log.append([arrival(after=timedelta(days=1_000))])
    readers.append("tracker.started")
    readers.goes_on(days=1)
    assert readers.prune() == Pruned(events=2, oldest=3, held_by=None)


def test_a_consumer_that_nobody_heard_of_for_long_holds_nothing_back_and_is_told(readers):
    readers.consumers.create("payroll", ALL, start="beginning")
    grow_old(readers, *["tracker.started"] * 3)
    assert readers.prune(consumer_expiry=timedelta(days=101)).held_by == "payroll"
    assert readers.prune(consumer_expiry=timedelta(days=99)) == Pruned(events=3, oldest=4, held_by=None)
    with pytest.raises(WebWorkConsumerError, match="Events 1 to 3 were pruned"):
        readers.claim("r1")


def test_a_consumer_that_nobody_heard_of_is_not_told_of_what_it_never_wanted(readers):
    readers.consumers.create("payroll", STOPPED, start="beginning")
    grow_old(readers, *["tracker.started"] * 3)
    assert readers.prune().events == 3
    assert readers.claim("r1", wanted=STOPPED) is None


def test_told_so_it_removes_also_what_nobody_claimed(readers):
    readers.consumers.create("payroll", ALL, start="beginning")
    grow_old(readers, *["tracker.started"] * 3)
    readers.consumers.seen(readers.payroll, proven=0)
    assert readers.prune(even_unclaimed=True) == Pruned(events=3, oldest=4, held_by=None)


def test_a_repeated_delivery_is_known_although_its_event_was_pruned(readers):
    readers.log.append([arrival(key="a"), arrival()])
    readers.goes_on(hours=23)
    assert readers.prune(older_than=timedelta(hours=1)).events == 1
    [again] = readers.log.append([arrival(key="a", after=timedelta(hours=23))])
    assert (again.repeated, again.seq, again.event_id) == (True, 1, None)


def test_what_tells_repeated_deliveries_goes_long_after_its_window(readers):
    def keys():
        from airflow_provider_webwork.events import schema

        with readers.store.read() as connection:
            return connection.execute(schema.dedupe.select()).all()

    readers.log.append([arrival() for _ in range(1_200)])
    readers.goes_on(seconds=2 * STRONG_WINDOW.total_seconds() - 1)
    readers.prune()
    assert len(keys()) == 1_200
    readers.goes_on(seconds=2)
    readers.prune()
    assert keys() == []
    assert len(places(readers)) == 1_200


def test_the_file_of_a_log_on_sqlite_shrinks(sqlite_url, open_store, tmp_path):
    store = open_store(sqlite_url)
    readers = Readers(store)
    for _ in range(5):
        readers.log.append([arrival(payload={"note": "x" * 2_000}) for _ in range(500)])

    def size():
        store.close()
        return (tmp_path / "events.db").stat().st_size

    full = size()
    assert full > 5_000_000
    readers.goes_on(days=100)
    readers.append("tracker.started")
    assert readers.prune().events == 2_500
    assert size() < full / 20


def test_a_log_on_sqlite_gives_many_pages_back_at_once(sqlite_url, open_store):
    readers = Readers(open_store(sqlite_url))
    readers.log.append([arrival(payload={"note": "x" * 4_000}) for _ in range(1_000)])
    readers.append("tracker.started")
    pauses = []
    retention = Retention(readers.store, now=lambda: NOON + timedelta(days=100), sleep=pauses.append)
    assert retention.prune(older_than=timedelta(days=90), consumer_expiry=timedelta(days=30)).events == 1_000
    assert len(pauses) < 20


def test_appends_go_on_while_it_prunes(readers):
    readers.log.append([arrival() for _ in range(2_000)])
    readers.goes_on(days=100)
    appended = []

    def append(_):
        # What a receiver does in another thread; it would wait for ever if the pause were within a transaction.
        thread = threading.Thread(target=lambda: appended.extend(readers.append("tracker.started")))
        thread.start()
        thread.join(PATIENCE)

    retention = Retention(readers.store, now=readers.now, sleep=append)
    pruned = retention.prune(older_than=timedelta(days=90), consumer_expiry=timedelta(days=30))
    assert pruned.events == 1_999
    assert len(appended) > 4
    assert places(readers) == [2_000, *appended] == list(range(2_000, 2_001 + len(appended)))


def test_what_the_pause_raises_ends_the_work_and_the_next_prune_goes_on(readers):
    def stop(_):
        raise InterruptedError

    readers.log.append([arrival() for _ in range(2_000)])
    readers.goes_on(days=100)
    with pytest.raises(InterruptedError):
        Retention(readers.store, now=readers.now, sleep=stop).prune(
            older_than=timedelta(days=90), consumer_expiry=timedelta(days=30)
        )
    assert 1 < places(readers)[0] < 2_000
    readers.prune()
    assert places(readers) == [2_000]


CANARY = "canary of Member 7"


def test_erasing_a_user_empties_the_payloads_and_keeps_the_order_of_the_log(readers):
    readers.append(
        "tracker.started", user_id="7", payload={"data": {"user_id": 7, "note": CANARY}}, raw=CANARY.encode()
    )
    readers.append("tracker.started", user_id="8")
    readers.append("tracker.stopped", user_id="7", payload={"data": {"user_id": 7, "note": CANARY}})

    assert readers.retention.erase("7", actor="the privacy officer") == 2

    first, second, third = readers.log.read()
    assert [event.seq for event in (first, second, third)] == [1, 2, 3]
    assert (first.payload, first.raw, first.user_id) == (third.payload, third.raw, third.user_id) == (None, None, None)
    assert second.payload == {"n": 1}
    assert readers.retention.erase("7", actor="the privacy officer") == 0


def test_what_was_erased_is_given_to_nobody(readers):
    readers.append("tracker.started", user_id="7")
    readers.append("tracker.started", user_id="8")
    readers.append("tracker.started", user_id="7")
    readers.claim("r1", limit=1)
    readers.release("r1")
    readers.retention.erase("7", actor="the privacy officer")
    assert readers.claim("r2") == [2]
    assert readers.claim("r3") is None
    assert readers.lag() == 0


def test_the_audit_says_that_somebody_was_erased_and_not_who(readers):
    readers.append("tracker.started", user_id="7654321", payload={"note": CANARY})
    readers.retention.erase("7654321", actor="the privacy officer")
    [entry] = entries(readers.store)
    assert (entry.actor, entry.action, entry.details) == ("the privacy officer", "erase", {"events": 1})
    assert "7654321" not in json.dumps([entry.subject, entry.details])


def test_what_was_erased_cannot_be_found_in_the_file(sqlite_url, open_store, tmp_path):
    store = open_store(sqlite_url)
    log = EventLog(store)
    log.append(
        [arrival(user_id=str(number % 3), payload={"note": f"{CANARY} {number % 3}"}) for number in range(1_500)]
    )
    Retention(store, now=lambda: NOON, sleep=lambda _: None).erase("1", actor="the privacy officer")
    store.close()
    files = b"".join(path.read_bytes() for path in tmp_path.glob("events.db*"))
    assert files.count(f"{CANARY} 1".encode()) == 0
    assert files.count(f"{CANARY} 2".encode()) == 500


def test_many_events_of_a_user_are_erased_in_small_transactions(readers):
    readers.log.append([arrival(user_id="7") for _ in range(1_300)])
    pauses = []
    retention = Retention(readers.store, now=readers.now, sleep=pauses.append)
    assert retention.erase("7", actor="the privacy officer") == 1_300
    assert len(pauses) >= 3
    assert readers.claim("r1", wanted=STARTED) is None
