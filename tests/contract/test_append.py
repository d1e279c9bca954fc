"""Success is told for what is on disk, and only for that; one caller's trouble is not another's."""

import asyncio
import os
import resource
import shutil
import sqlite3
import threading
from concurrent.futures import wait
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkConfigurationError, WebWorkLogError, WebWorkLogUnavailableError
from airflow_provider_webwork.events.append import LARGEST_BATCH, Appender
from airflow_provider_webwork.events.log import EventLog, Stored
from airflow_provider_webwork.events.store import Store
from tests.contract.arrivals import arrival
from tests.contract.processes import FRESH, together

PATIENCE = 30


class Gate:
    """Stands before the log: holds the writer back until it is opened, and notes the sizes of transactions."""

    def __init__(self, append_all):
        self._append_all = append_all
        self._open = threading.Event()
        self.reached = threading.Event()
        self.sizes: list[int] = []

    def __call__(self, arrivals):
        self.reached.set()
        assert self._open.wait(PATIENCE)
        self.sizes.append(len(arrivals))
        return self._append_all(arrivals)

    def open(self):
        self._open.set()


@pytest.fixture
def gate(log):
    return Gate(log.append)


@pytest.fixture
def appender(gate):
    appender = Appender(gate, capacity=1_000)
    yield appender
    gate.open()
    appender.close()


@contextmanager
def writing(append_all, *, capacity=1_000):
    appender = Appender(append_all, capacity=capacity)
    try:
        yield appender
    finally:
        appender.close()


def outcomes(futures):
    """Return the result of each future, or the error that it ended with."""
    wait(futures, PATIENCE)
    return [future.exception(0) or future.result(0) for future in futures]


def submit_behind(gate, appender, arrivals):
    """Submit one arrival that keeps the writer busy, then the others, which so come to wait together."""
    first = appender.submit(arrival())
    assert gate.reached.wait(PATIENCE)
    return [first, *map(appender.submit, arrivals)]


def submit_until_refused(appender, futures):
    """Submit, adding to the futures, and return the refusal."""
    while True:
        try:
            futures.append(appender.submit(arrival()))
        except WebWorkLogUnavailableError as refusal:
            return refusal


# Together.


def test_all_that_wait_share_a_transaction_and_learn_their_own_places(gate, appender, log):
    arrivals = [arrival() for _ in range(40)]
    futures = submit_behind(gate, appender, arrivals)
    assert not any(future.done() for future in futures)
    gate.open()

    assert [place.event_id for place in outcomes(futures)[1:]] == [each.event.id for each in arrivals]
    assert gate.sizes == [1, 40]
    assert [event.seq for event in log.read()] == list(range(1, 42))


def test_a_transaction_serves_only_so_many(gate, appender):
    futures = submit_behind(gate, appender, [arrival() for _ in range(LARGEST_BATCH + 1)][:998])
    gate.open()

    assert len(outcomes(futures)) == LARGEST_BATCH + 2
    assert gate.sizes == [1, LARGEST_BATCH, 1]


def test_who_hears_of_success_finds_the_event_with_any_other_connection(log, open_store):
    elsewhere = EventLog(open_store())
    elsewhere.head()
    found: list[bool] = []

    def look(future):
        # Runs at the very moment in which success is told.
        found.append(future.result().event_id in {event.id for event in elsewhere.read()})

    with writing(log.append) as appender:
        for _ in range(50):
            appender.submit(arrival()).add_done_callback(look)

    assert found == [True] * 50


def test_many_threads_lose_nothing(log):
    told: list[Stored] = []

    def deliver(appender):
        told.extend([appender.submit(arrival()).result(PATIENCE) for _ in range(50)])

    with writing(log.append, capacity=8) as appender:
        threads = [threading.Thread(target=deliver, args=(appender,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(place.seq for place in told) == list(range(1, 401))
    assert {place.event_id for place in told} == {event.id for event in log.read()}


# Room.


def test_a_full_queue_refuses_at_once_and_has_room_again_as_soon_as_somebody_is_answered(gate, log):
    with writing(gate, capacity=3) as appender:
        futures = submit_behind(gate, appender, [arrival(), arrival()])
        for _ in range(2):
            with pytest.raises(WebWorkLogUnavailableError, match="Too many deliveries wait"):
                appender.submit(arrival())
        gate.open()
        assert len({place.seq for place in outcomes(futures)}) == 3

        for _ in range(20):
            assert all(isinstance(each, Stored) for each in outcomes([appender.submit(arrival()) for _ in range(3)]))

    assert log.head() == 63


def test_room_is_given_back_by_those_who_are_refused_too(log):
    def refuse(arrivals):
        raise (WebWorkLogUnavailableError if arrivals[0].event.type == "away" else ValueError)("no")

    with writing(refuse, capacity=2) as appender:
        for kind in ["away", "poison"] * 5:
            refused = outcomes([appender.submit(arrival(type=kind)) for _ in range(2)])
            assert [isinstance(each, WebWorkLogError) for each in refused] == [True, True]


def test_callers_that_went_away_stop_nobody_and_their_events_are_stored(gate, log):
    async def deliver(appender):
        first, *gone = [asyncio.wrap_future(appender.submit(arrival(type=f"t{number}"))) for number in range(3)]
        for each in gone:
            each.cancel()
        assert await asyncio.gather(*gone, return_exceptions=True) != []
        # They still wait for the log, so they still take room.
        with pytest.raises(WebWorkLogUnavailableError):
            appender.submit(arrival())
        gate.open()
        await first

    with writing(gate, capacity=3) as appender:
        asyncio.run(deliver(appender))
        for _ in range(5):
            assert all(isinstance(each, Stored) for each in outcomes([appender.submit(arrival()) for _ in range(1)]))

    assert [event.type for event in log.read()][:3] == ["t0", "t1", "t2"]


def test_a_future_cannot_be_cancelled_once_its_event_was_taken(gate, appender):
    future = appender.submit(arrival())

    assert not future.cancel()
    gate.open()
    assert outcomes([future])[0].seq == 1


def test_a_callback_that_fails_harms_nobody(gate, appender, caplog):
    first, second = submit_behind(gate, appender, [arrival()])
    first.add_done_callback(lambda _: 1 / 0)
    gate.open()

    assert [place.seq for place in outcomes([first, second])] == [1, 2]


# Poison.

POISONOUS = {
    "an id that is taken": {"id": "taken"},
    "no JSON": {"payload": {"n": float("nan")}},
    "no JSON either": {"payload": {"n": {1, 2}}},
    "a number too large": {"reparsed_from": 2**63},
    "a lone surrogate": {"type": "\ud800"},
    "no time zone": {"received_at": datetime(2026, 11, 22)},  # noqa: DTZ001
    "no text": {"user_id": {"id": 7}},
    "nothing where something must be": {"type": None},
}


@pytest.mark.parametrize("poison", POISONOUS)
def test_poisonous_arrivals_are_refused_and_the_others_are_stored(gate, log, caplog, poison):
    log.append([arrival(id="taken")])
    arrivals = [arrival() for _ in range(10)]
    for place in (0, 3, 4, 9):
        arrivals[place] = arrival(f"poison {place}", **POISONOUS[poison])
    with writing(gate) as appender:
        futures = submit_behind(gate, appender, arrivals)[1:]
        gate.open()

    told = outcomes(futures)
    assert {number: str(each) for number, each in enumerate(told) if not isinstance(each, Stored)} == dict.fromkeys(
        (0, 3, 4, 9), "The event log refuses this event."
    )
    assert [event.id for event in log.read()][2:] == [each.event_id for each in told if isinstance(each, Stored)]
    assert [event.seq for event in log.read()] == list(range(1, 9))
    assert arrivals[9].event.id in caplog.text


def test_a_batch_of_nothing_but_poison_is_refused_one_by_one(gate, appender, log):
    futures = submit_behind(gate, appender, [arrival(reparsed_from=2**63) for _ in range(5)])
    gate.open()

    assert [type(each) for each in outcomes(futures)] == [Stored] + [WebWorkLogError] * 5
    assert log.head() == 1


def test_neither_logs_nor_errors_show_what_an_event_says(gate, appender, log, caplog):
    log.append([arrival(id="taken")])
    with pytest.raises(sa.exc.IntegrityError) as refused:
        log.append([arrival("key", id="taken", payload={"name": "Member 7"})])
    futures = submit_behind(gate, appender, [arrival("key", id="taken", payload={"name": "Member 7"})])
    gate.open()

    shown = [str(refused.value), repr(outcomes(futures)[1]), caplog.text]
    assert all(shown)
    assert not any("Member 7" in text for text in shown)


# Closing.


def test_closing_stores_what_waits_and_refuses_what_comes_later(gate, appender, log):
    futures = submit_behind(gate, appender, [arrival() for _ in range(7)])
    closing = threading.Thread(target=appender.close)
    closing.start()
    refusal = submit_until_refused(appender, futures)
    gate.open()
    closing.join(PATIENCE)

    assert "closed" in str(refusal)
    assert {place.event_id for place in outcomes(futures)} == {event.id for event in log.read()}
    assert log.head() == len(futures) >= 8
    appender.close()


def test_closing_while_others_submit_leaves_no_caller_without_an_answer(log):
    for _ in range(20):
        appender = Appender(log.append, capacity=100)
        futures = []
        threads = [threading.Thread(target=submit_until_refused, args=(appender, futures)) for _ in range(3)]
        for thread in threads:
            thread.start()
        appender.close()
        for thread in threads:
            thread.join()

        assert all(future.done() for future in futures)


# Trouble with the database.


def test_while_another_process_writes_for_too_long_all_who_wait_are_told_and_then_it_goes_on(open_store, log):
    log.head()
    gate = Gate(EventLog(open_store(lock_timeout=0.05)).append)
    with writing(gate) as appender:
        with open_store().write():
            futures = submit_behind(gate, appender, [arrival() for _ in range(5)])
            gate.open()
            refused = outcomes(futures)

        assert [type(each) for each in refused] == [WebWorkLogUnavailableError] * 6
        assert all("locked" in str(each) and "Nothing was stored" in str(each) for each in refused)
        assert log.head() == 0
        assert outcomes([appender.submit(arrival())])[0].seq == 1


def test_a_directory_that_does_not_exist_yet_is_unavailable_and_then_it_goes_on(tmp_path):
    with writing(EventLog(Store(f"sqlite:///{tmp_path}/later/events.db")).append) as appender:
        assert [type(each) for each in outcomes([appender.submit(arrival())])] == [WebWorkLogUnavailableError]
        (tmp_path / "later").mkdir()
        assert outcomes([appender.submit(arrival())])[0].seq == 1


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "events.db"
    path.write_bytes(b"Somebody's notes, which are not a database at all. " * 100)
    with writing(EventLog(Store(f"sqlite:///{path}")).append) as appender:
        [refused] = outcomes([appender.submit(arrival())])

    assert type(refused) is WebWorkLogError
    assert "not a database" in str(refused)
    assert path.read_bytes().startswith(b"Somebody's notes")


def test_after_its_file_was_deleted_no_success_is_told_until_it_is_back(store, log, tmp_path):
    path, saved = tmp_path / "events.db", tmp_path / "saved.db"
    with writing(log.append) as appender:
        outcomes([appender.submit(arrival(type="before"))])
        with sqlite3.connect(path) as source, sqlite3.connect(saved) as copy:
            source.backup(copy)
        for file in tmp_path.glob("events.db*"):
            file.unlink()

        for _ in range(2):
            [refused] = outcomes([appender.submit(arrival())])
            assert isinstance(refused, WebWorkLogUnavailableError)
            assert "is gone" in str(refused)
            assert not path.exists()
        with pytest.raises(WebWorkLogUnavailableError):
            log.head()

        shutil.move(saved, path)
        assert outcomes([appender.submit(arrival(type="after"))])[0].seq == 2

    assert [event.type for event in EventLog(Store(f"sqlite:///{path}")).read()] == ["before", "after"]


def test_what_is_told_after_the_file_was_replaced_is_in_the_new_one(store, log, tmp_path):
    log.append([arrival(), arrival()])
    for file in tmp_path.glob("events.db*"):
        file.unlink()
    EventLog(Store(f"sqlite:///{tmp_path / 'events.db'}")).append([arrival(type="of another process")])

    assert log.append([arrival(type="ours")])[0].seq == 2
    assert [event.type for event in EventLog(Store(f"sqlite:///{tmp_path / 'events.db'}")).read()] == [
        "of another process",
        "ours",
    ]


def fill_the_disk(url):
    """Append until files may grow no more, then after there is room again; return what was told."""
    log = EventLog(Store(url))
    log.head()
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, most))
    told, refused = [], []
    with writing(log.append) as appender:
        while len(refused) < 5:
            [outcome] = outcomes([appender.submit(arrival(payload={"text": "x" * 5_000}))])
            (told if isinstance(outcome, Stored) else refused).append(outcome)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        after = outcomes([appender.submit(arrival())])
    return [place.event_id for place in told], [type(each) for each in refused], [place.event_id for place in after]


def test_on_a_full_disk_no_success_is_told_and_with_room_again_it_goes_on(store_url, log):
    [(told, refused, after)] = together(fill_the_disk, [(store_url,)])

    assert refused == [WebWorkLogUnavailableError] * 5
    assert len(told) > 5
    assert [event.id for event in log.read()] == told + after
    assert len(after) == 1


def append_without_the_right_to(url):
    """Append as nobody, then as root again; return what nobody was told."""
    if os.geteuid() == 0:
        os.seteuid(65534)
    log = EventLog(Store(url))
    with pytest.raises(WebWorkLogUnavailableError) as refused:
        log.append([arrival()])
    return str(refused.value)


def test_a_file_that_must_not_be_written_is_unavailable_and_then_it_goes_on():
    # Not pytest's directory, which nobody but its owner may enter.
    with TemporaryDirectory() as folder:
        path = Path(folder, "events.db")
        log = EventLog(Store(f"sqlite:///{path}"))
        log.append([arrival()])
        for each in (path, Path(folder)):
            each.chmod(each.stat().st_mode & 0o555 | 0o555)
        [refused] = together(append_without_the_right_to, [(f"sqlite:///{path}",)])
        for each in (Path(folder), path):
            each.chmod(0o755)

        assert "Nothing was stored" in refused
        assert log.append([arrival()])[0].seq == 2


# What makes a commit durable.


def test_every_connection_syncs_each_commit_to_disk(store):
    held = [store.read() for _ in range(3)] + [store.write()]
    connections = [each.__enter__() for each in held]
    settings = [[c.scalar(sa.text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous")] for c in connections]
    assert len({id(connection.connection.driver_connection) for connection in connections}) == 4
    for each in held:
        each.__exit__(None, None, None)

    assert settings == [["wal", 2]] * 4  # 2 is FULL


@pytest.mark.parametrize("use", ["read", "write"])
def test_a_transaction_that_fails_is_rolled_back_and_its_connection_is_clean(store, log, use):
    log.append([arrival()])

    def fail_on_the_way():
        with getattr(store, use)() as connection:
            connection.execute(sa.text("DELETE FROM event"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_on_the_way()
    assert log.head() == 1
    assert log.append([arrival()])[0].seq == 2


def append_in_parent_and_child(url):
    """Use the log, fork, use it on both sides; return the connections' file descriptors of both."""
    store = Store(url)
    log = EventLog(store)
    log.append([arrival()])
    with store.read() as connection:
        inherited = connection.connection.driver_connection
    child = os.fork()
    for _ in range(50):
        log.append([arrival()])
    if child == 0:
        with store.read() as connection:
            os._exit(0 if connection.connection.driver_connection is not inherited else 1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    log.append([arrival()])
    return status


def test_after_a_fork_parent_and_child_use_connections_of_their_own(store_url, store, log):
    assert together(append_in_parent_and_child, [(store_url,)]) == [0]

    assert [event.seq for event in log.read()] == list(range(1, 103))
    with store.read() as connection:
        assert connection.scalar(sa.text("PRAGMA integrity_check")) == "ok"


def submit_in_child(url):
    """Fork with a running appender; return whether the child is refused instead of waiting for ever."""
    with writing(EventLog(Store(url)).append) as appender:
        appender.submit(arrival()).result(PATIENCE)
        child = os.fork()
        if child == 0:
            try:
                appender.submit(arrival())
            except WebWorkLogUnavailableError:
                os._exit(0)
            os._exit(1)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_in_a_forked_child_an_appender_refuses_since_its_writer_stayed_behind(store_url):
    assert together(submit_in_child, [(store_url,)]) == [0]


def append_until_killed(url, sending):
    with writing(EventLog(Store(url)).append) as appender:
        while True:
            futures = [appender.submit(arrival()) for _ in range(20)]
            for future in futures:
                sending.send(future.result().event_id)


def test_what_was_told_before_a_kill_is_in_the_log(store_url, log):
    receiving, sending = FRESH.Pipe(duplex=False)
    process = FRESH.Process(target=append_until_killed, args=(store_url, sending))
    process.start()
    sending.close()
    told = [receiving.recv() for _ in range(200)]
    process.kill()
    process.join()
    try:
        while True:
            told.append(receiving.recv())
    except EOFError:
        pass

    assert set(told) <= {event.id for event in log.read()}
    assert [event.seq for event in log.read()] == list(range(1, log.head() + 1))


# Where a log can be.


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///events.db",
        "sqlite:///file:/srv/events.db?mode=memory&uri=true",
        "sqlite+aiosqlite:////srv/events.db",
        "postgresql+psycopg://webwork:hunter2hunter2@db/events?password=hunter2hunter2",
        "mysql://webwork:hunter2hunter2@db/events",
        "not a URL with hunter2hunter2",
        "",
    ],
)
def test_a_url_that_every_process_would_understand_differently_or_not_at_all_is_refused(url):
    with pytest.raises(WebWorkConfigurationError, match=r"\[webwork\] event_store_url") as refused:
        Store(url)

    assert "hunter2hunter2" not in str(refused.value)
    assert "sqlite:////var/lib/webwork/events.db" in str(refused.value)


def test_making_a_store_touches_nothing(tmp_path):
    assert "events.db" in repr(Store(f"sqlite:///{tmp_path / 'events.db'}"))
    assert list(Path(tmp_path).iterdir()) == []
