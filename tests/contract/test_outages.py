"""While the database fails, or a process dies, no success is told for what is not stored; afterwards it goes on."""

import os
import resource
import shutil
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from airflow_provider_webwork.errors import WebWorkLogError, WebWorkLogUnavailableError
from airflow_provider_webwork.events.log import EventLog, Stored
from airflow_provider_webwork.events.store import Store
from tests.contract.appending import PATIENCE, Gate, outcomes, submit_behind, writing
from tests.contract.arrivals import arrival
from tests.contract.processes import FRESH, together


def test_while_another_process_writes_for_too_long_all_who_wait_are_told_and_then_it_goes_on(open_store, log):
    log.head()
    gate = Gate(EventLog(open_store(lock_timeout=0.05)).append)
    with writing(gate) as appender:
        with open_store().write(lock="append"):
            futures = submit_behind(gate, appender, [arrival() for _ in range(5)])
            gate.open()
            refused = outcomes(futures)

        assert [type(each) for each in refused] == [WebWorkLogUnavailableError] * 6
        assert all("lock" in str(each) and "Nothing was stored" in str(each) for each in refused)
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


def test_after_its_file_was_deleted_no_success_is_told_until_it_is_back(open_store, sqlite_url, tmp_path):
    log = EventLog(open_store(sqlite_url))
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


def test_what_is_told_after_the_file_was_replaced_is_in_the_new_one(open_store, sqlite_url, tmp_path):
    log = EventLog(open_store(sqlite_url))
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
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, most))
    told, refused = [], []
    with writing(log.append) as appender:
        while len(refused) < 5:
            [outcome] = outcomes([appender.submit(arrival(payload={"text": "x" * 5_000}))])
            (told if isinstance(outcome, Stored) else refused).append(outcome)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        after = outcomes([appender.submit(arrival())])
    return [place.event_id for place in told], [type(each) for each in refused], [place.event_id for place in after]


def test_on_a_full_disk_no_success_is_told_and_with_room_again_it_goes_on(open_store, sqlite_url):
    [(told, refused, after)] = together(fill_the_disk, [(sqlite_url,)])
    log = EventLog(open_store(sqlite_url))

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


def submit_in_child(url):
    """Fork with a running appender; return whether the child is refused instead of waiting for ever."""
    store = Store(url)
    with writing(EventLog(store).append) as appender:
        appender.submit(arrival()).result(PATIENCE)
        child = os.fork()
        if child == 0:
            try:
                appender.submit(arrival())
            except WebWorkLogUnavailableError:
                os._exit(0)
            os._exit(1)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    store.close()
    return status


def test_in_a_forked_child_an_appender_refuses_since_its_writer_stayed_behind(store_url):
    assert together(submit_in_child, [(store_url,)]) == [0]


def append_until_killed(url, sending):
    with writing(EventLog(Store(url)).append) as appender:
        while True:
            futures = [appender.submit(arrival()) for _ in range(20)]
            for future in futures:
                sending.send(future.result()[0].event_id)


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
