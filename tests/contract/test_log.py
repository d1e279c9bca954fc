"""The log has one order without holes, holds each event once, and gives back what was stored."""

import random
import sqlite3
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_webwork.errors import WebWorkLogUnavailableError
from airflow_provider_webwork.events.event import WEAK_WINDOW
from airflow_provider_webwork.events.log import PAGE, EventLog
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.store import Store
from tests.contract.arrivals import NOON, arrival
from tests.contract.processes import Together, together

WRITERS = 3
THREADS = 2
EVENTS_PER_THREAD = 400
COPIES = 100


def ids(events):
    return [event.id for event in events]


# Order.


def append_much(url, writer):
    """Append from several threads in transactions of different sizes; some of them fail and are rolled back."""
    store = Store(url, lock_timeout=60)
    log = EventLog(store)

    def append(thread):
        sizes = random.Random(f"{writer} {thread}")
        left = EVENTS_PER_THREAD
        while left:
            some = [arrival(user_id=str(writer)) for _ in range(min(left, sizes.randint(1, 12)))]
            if sizes.random() < 0.1:
                with pytest.raises(sa.exc.IntegrityError):
                    log.append([*some, arrival("another key", id=some[0].event.id)])
            stored = log.append(some)
            assert [place.seq for place in stored] == list(range(stored[0].seq, stored[0].seq + len(some)))
            left -= len(some)

    threads = [threading.Thread(target=append, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()


def test_readers_that_follow_by_position_skip_nothing_while_processes_and_threads_append(store_url, log):
    total = WRITERS * THREADS * EVENTS_PER_THREAD
    seen: list[int] = []

    with Together(append_much, [(store_url, writer) for writer in range(WRITERS)]) as writers:
        while len(seen) < total and (writers.running or log.head() > len(seen)):
            seen += [event.seq for event in log.page(seen[-1] if seen else 0, limit=7)]
        writers.results()

    assert seen == list(range(1, total + 1))
    assert sorted(ids(log.read())) == sorted(set(ids(log.read())))


def test_an_append_that_fails_leaves_no_hole(log):
    first = log.append([arrival(), arrival(id="same")])
    with pytest.raises(sa.exc.IntegrityError):
        log.append([arrival(), arrival("another key", id="same")])

    assert [place.seq for place in [*first, *log.append([arrival()])]] == [1, 2, 3]


def test_who_writes_makes_others_wait_from_the_first_moment(store, open_store):
    with store.write(lock="append"), pytest.raises(WebWorkLogUnavailableError, match="lock"):
        EventLog(open_store(lock_timeout=0.01)).append([arrival()])

    assert EventLog(open_store(lock_timeout=0.01)).append([arrival()])[0].seq == 1


def test_a_reader_neither_waits_for_a_writer_nor_sees_what_is_not_committed(store, open_store, log):
    log.append([arrival()])
    with store.write() as connection:
        connection.execute(sa.text("UPDATE event SET type = 'changed'"))
        assert [event.type for event in EventLog(open_store(lock_timeout=0.01)).read()] == ["tracker.started"]


def test_a_writer_does_not_wait_for_a_reader_who_keeps_seeing_one_state(store, open_store, log):
    log.append([arrival()])
    count = sa.text("SELECT count(*) FROM event")
    with store.read() as reading:
        before = reading.scalar(count)
        EventLog(open_store(lock_timeout=0.01)).append([arrival()])
        assert reading.scalar(count) == before == 1
    assert log.head() == 2


# Each event once.


def test_a_repeat_within_the_window_is_stored_once_and_answered_with_the_first_id(log):
    [first] = log.append([arrival("k")])
    [again] = log.append([arrival("k", after=timedelta(hours=23))])

    assert (again.event_id, again.seq, again.repeated) == (first.event_id, 1, True)
    assert not first.repeated
    assert ids(log.read()) == [first.event_id]


def test_a_repeat_within_one_batch_is_stored_once(log):
    one, two, three = log.append([arrival("k"), arrival("other"), arrival("k")])

    assert [one.repeated, two.repeated, three.repeated] == [False, False, True]
    assert (three.event_id, three.seq) == (one.event_id, one.seq)
    assert log.head() == 2


def test_after_its_window_a_key_is_taken_again(log):
    places = [
        log.append([arrival("k", after=timedelta(hours=hours))])[0] for hours in (0, 23.999, 24, 24.5, 47.999, 48)
    ]

    assert [(place.seq, place.repeated) for place in places] == [
        (1, False),
        (1, True),
        (2, False),
        (2, True),
        (2, True),
        (3, False),
    ]


def test_repeats_do_not_stretch_the_window(log):
    seconds = (0, 40, 80, 119, 140)
    places = [log.append([arrival("k", after=timedelta(seconds=s), window=WEAK_WINDOW)])[0] for s in seconds]

    assert [place.repeated for place in places] == [False, True, False, True, False]


def test_two_honest_events_that_say_the_same_an_hour_apart_are_two(log):
    log.append([arrival("hash of the payload", window=WEAK_WINDOW)])
    log.append([arrival("hash of the payload", window=WEAK_WINDOW, after=timedelta(hours=1))])

    assert log.head() == 2


def test_the_window_holds_also_within_one_batch(log):
    late = timedelta(minutes=2)
    places = log.append([arrival("k", window=WEAK_WINDOW, after=after) for after in (timedelta(0), late, late)])

    assert [(place.seq, place.repeated) for place in places] == [(1, False), (2, False), (2, True)]


def test_a_clock_that_was_set_back_neither_doubles_a_repeat_nor_merges_what_is_far_apart(log):
    log.append([arrival("k", after=timedelta(hours=1))])
    [little] = log.append([arrival("k", after=timedelta(hours=-1))])
    [much] = log.append([arrival("k", after=timedelta(days=-2))])

    assert (little.repeated, much.repeated) == (True, False)
    assert [event.seq for event in log.read()] == [1, 2]


def append_copies(url, seed):
    """Append the same events as the other processes, in another order and in small transactions."""
    order = random.Random(seed)
    keys = [f"k{number}" for number in range(COPIES)]
    order.shuffle(keys)
    log = EventLog(Store(url, lock_timeout=60))
    return {key: place for key in keys for place in log.append([arrival(key), arrival(key)])[-1:]} | {
        f"{key} alone": log.append([arrival(key)])[0] for key in keys
    }


def test_copies_that_arrive_in_three_processes_at_once_are_stored_once(store_url, log):
    answers = together(append_copies, [(store_url, seed) for seed in range(3)])

    stored = {event.seq: event.id for event in log.read()}
    assert len(stored) == log.head() == COPIES
    assert all(stored[place.seq] == place.event_id and place.repeated for each in answers for place in each.values())
    assert len({tuple(sorted((key, place.seq) for key, place in each.items())) for each in answers}) == 1


def test_a_repeat_of_an_event_that_was_pruned_is_still_known(log, store):
    log.append([arrival("k"), arrival()])
    with store.write() as connection:
        connection.execute(sa.text("DELETE FROM event WHERE seq = 1"))

    [again] = log.append([arrival("k")])

    assert (again.event_id, again.seq, again.repeated) == (None, 1, True)
    assert log.append([arrival()])[0].seq == 3


@pytest.fixture
def few_parameters():
    """Let statements have no more parameters than the strictest builds of SQLite allow."""

    def limit(connection, _):
        if isinstance(connection, sqlite3.Connection):
            connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)

    sa.event.listen(sa.Engine, "connect", limit)
    yield
    sa.event.remove(sa.Engine, "connect", limit)


def test_more_events_than_a_statement_has_parameters_are_appended_at_once(few_parameters, log):
    many = [arrival(f"k{number}") for number in range(1_200)]
    places = log.append([*many, many[0]])

    assert [place.seq for place in places] == [*range(1, 1_201), 1]
    assert [place.repeated for place in places].count(True) == 1


def test_appending_nothing_stores_nothing(log):
    assert log.append([]) == []
    assert log.head() == 0


# Reading.


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=10,
)
MOMENTS = st.datetimes(timezones=st.just(UTC))
# The receiver lets no other text pass; in a payload everything is escaped.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    fields=st.fixed_dictionaries(
        {
            "type": TEXTS,
            "received_at": MOMENTS,
            "payload": JSON_VALUES,
            "endpoint": st.none() | TEXTS,
            "workspace_id": st.none() | TEXTS,
            "user_id": st.none() | TEXTS,
            "occurred_at": st.none() | MOMENTS,
            "proof": TEXTS,
            "raw": st.none() | st.binary(),
            "problem": st.none() | TEXTS,
            "synthetic": st.booleans(),
            "reparsed_from": st.none() | st.integers(min_value=1, max_value=2**63 - 1),
        }
    )
)
def test_an_event_comes_back_as_it_was_stored(log, fields):
    wanted = arrival(**fields)
    [place] = log.append([wanted])

    assert log.page(place.seq - 1) == [wanted.event._replace(seq=place.seq)]


@pytest.mark.parametrize("size", [PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
def test_reading_crosses_the_borders_of_pages(log, size):
    places = log.append([arrival() for _ in range(size)])

    assert ids(log.read()) == [place.event_id for place in places]
    assert [event.seq for event in log.read(after=PAGE - 2)] == list(range(PAGE - 1, size + 1))
    assert [event.seq for event in log.read(until=size - 1)] == list(range(1, size))


def test_a_rare_event_is_found_behind_pages_of_others(log):
    log.append([arrival(type="tracker.stopped", user_id=str(number % 2)) for number in range(PAGE + 5)])
    log.append([arrival(type="member.added", user_id="1")])

    assert [event.seq for event in log.read(EventFilter.of(types=["member.*"], match={"user_id": 1}))] == [PAGE + 6]
    assert len(list(log.read(EventFilter.of(match={"user_id": 1})))) == (PAGE + 5) // 2 + 1


IDENTIFIERS = [None, "7", "07", "7.0", "-7", "seven", "12345678901234567890", "1e+20"]
WANTED = [*IDENTIFIERS, 7, 7.0, -7, True, 12345678901234567890, 1e20, 100000000000000000000, "\0", "\ud800", [7, None]]


@pytest.mark.parametrize("name", ["user_id", "workspace_id", "endpoint"])
@pytest.mark.parametrize("value", WANTED, ids=ascii)
def test_what_the_database_leaves_out_does_not_match(log, name, value):
    log.append([arrival(**{name: each}) for each in IDENTIFIERS])
    wanted = EventFilter.of(match={name: value})
    assert list(log.read(wanted)) == [event for event in log.read() if wanted.matches(event)]


def test_a_page_starts_behind_its_position_and_holds_no_more_than_asked_for(log):
    log.append([arrival() for _ in range(10)])

    assert [event.seq for event in log.page(3, limit=4)] == [4, 5, 6, 7]
    assert [event.seq for event in log.page(8, limit=4)] == [9, 10]
    assert log.page(10, limit=4) == []
    assert list(log.read(after=10)) == list(log.read(after=99)) == []


def test_reading_stops_at_what_was_the_newest_event_at_its_beginning(log):
    log.append([arrival(), arrival()])
    reading = log.read()
    first = next(reading)
    log.append([arrival()])

    assert [event.seq for event in [first, *reading]] == [1, 2]


def test_events_with_a_problem_are_read_only_by_who_reads_everything(log):
    log.append([arrival(type="unknown", problem="no JSON", raw=b"<html>"), arrival(type="unknown")])

    assert [event.seq for event in log.read()] == [1, 2]
    assert [event.seq for event in log.read(EventFilter())] == [2]
    assert [event.seq for event in log.read(EventFilter.of(types=["unknown", "*"]))] == [2]


NASTY_NAMES = [
    "a%b",
    "a_b",
    "a*b",
    "axb",
    "a/b",
    "a\\b",
    "A%B",
    "a%b.c",
    "é",
    "É",
    "e\u0301",
    "ß",
    "a'b",
    "a b",
]


@pytest.mark.parametrize(
    "pattern", [*(name for name in NASTY_NAMES if "*" not in name), "a%*", "a_*", "A*", "a*", "É*"]
)
def test_names_are_compared_exactly_whatever_characters_they_have(log, pattern):
    log.append([arrival(type=name) for name in NASTY_NAMES])
    beginning = pattern.endswith("*")
    expected = [n for n in NASTY_NAMES if (n.startswith(pattern[:-1]) if beginning else n == pattern)]

    assert [event.type for event in log.read(EventFilter.of(types=[pattern]))] == expected != []


@pytest.mark.parametrize("pattern", ["a\0b", "a\0*", "\ud800", "\ud800*"], ids=ascii)
def test_names_that_no_event_can_have_match_nothing(log, pattern):
    log.append([arrival(type="a")])

    assert list(log.read(EventFilter.of(types=[pattern]))) == []
    assert len(list(log.read(EventFilter.of(types=[pattern, "a"])))) == 1


ALPHABET = st.text(st.sampled_from("aA%_/\\é*."), min_size=1, max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(
    names=st.lists(ALPHABET, min_size=1, max_size=8),
    patterns=st.lists(ALPHABET.map(lambda text: text[:-1].replace("*", "") + text[-1]), min_size=1, max_size=3),
)
def test_what_the_database_sorts_out_beforehand_never_includes_a_match(log, names, patterns):
    wanted = EventFilter.of(types=patterns)
    places = log.append([arrival(type=name) for name in names])
    start = places[0].seq - 1

    matching = [event for event in log.page(start) if wanted.matches(event)]
    assert list(log.read(wanted, after=start)) == matching


@pytest.mark.parametrize(("after", "position"), [(-1, 0), (0, 0), (1, 1), (2, 2), (3, 4), (4, 5)], ids=str)
def test_every_event_received_since_a_moment_comes_after_its_position(log, after, position):
    hours = (0, 1, 2, 0.5, 3)  # the clock was set back before the fourth
    log.append([arrival(after=timedelta(hours=each)) for each in hours])

    moment = NOON + timedelta(hours=after)
    assert log.position_before(moment) == position
    assert all(event.seq > position for event in log.read() if event.received_at >= moment)


def test_an_empty_log_begins_at_zero(log):
    assert log.head() == 0
    assert log.position_before(datetime(2000, 1, 1, tzinfo=UTC)) == 0
    assert list(log.read()) == []
