"""The spool's file: it keeps arrivals as they came, for one process, within its bounds."""

import json
import resource
import signal
from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_provider_webwork.errors import WebWorkConfigurationError, WebWorkLogUnavailableError
from airflow_provider_webwork.events.event import WEAK_WINDOW
from airflow_provider_webwork.receiver.spool import MOST_IN_PAGE, PAGE_BYTES, Spool
from tests.contract.arrivals import NOON, arrival

MEGABYTE = 1_048_576


@pytest.fixture
def open_spool(tmp_path):
    opened = []

    def open_one(**options):
        opened.append(Spool(tmp_path / "spool.db", **{"max_bytes": 100 * MEGABYTE, **options}))
        opened[-1].open()
        return opened[-1]

    yield open_one
    for spool in opened:
        spool.close()


@pytest.fixture
def spool(open_spool):
    return open_spool()


def waiting(spool):
    return [each.arrival for each in spool.page()]


def move_all(spool):
    while page := spool.page():
        spool.remove([each.place for each in page])


def large(number=100_000):
    return arrival(payload={"note": "x" * number})


def fill(spool):
    for _ in range(100):
        spool.append([large()])


def test_what_is_kept_comes_back_as_it_was_in_the_order_of_arrival_also_in_another_process(spool, open_spool):
    full = arrival(
        window=WEAK_WINDOW,
        workspace_id="42",
        user_id="7",
        endpoint="payroll",
        occurred_at=NOON - timedelta(microseconds=1),
        proof="hmac",
        payload={"event": "\x00\ud800é", "n": [10**40, 0.1, True, None]},
        raw=b"\x00\xff",
        problem="It is broken.",
    )
    arrivals = [full, *(arrival() for _ in range(5))]
    spool.append(arrivals[:3])
    spool.append(arrivals[3:])
    spool.close()

    again = open_spool()
    assert again.waiting == 6
    assert waiting(again) == arrivals


def test_what_was_removed_is_gone_and_what_was_set_aside_waits_for_the_next_start(spool, open_spool):
    arrivals = [arrival() for _ in range(5)]
    spool.append(arrivals)
    first, second, third, *_ = (each.place for each in spool.page())
    spool.remove([first, third], set_aside=[second])

    assert (spool.waiting, spool.set_aside) == (2, 1)
    assert waiting(spool) == arrivals[3:]
    spool.append([last := arrival()])
    spool.close()
    assert waiting(open_spool()) == [arrivals[1], *arrivals[3:], last]


def test_a_page_is_no_more_than_fits_into_memory(spool):
    spool.append([arrival() for _ in range(MOST_IN_PAGE + 1)])
    assert len(spool.page()) == MOST_IN_PAGE
    move_all(spool)

    spool.append([large(PAGE_BYTES // 2) for _ in range(3)] + [large(PAGE_BYTES * 2)])
    sizes = []
    while page := spool.page():
        sizes.append(len(page))
        spool.remove([each.place for each in page])
    assert sizes == [1, 1, 1, 1]


def test_a_full_spool_takes_nothing_more_and_once_it_was_moved_it_goes_on(open_spool):
    spool = open_spool(max_bytes=2 * MEGABYTE)
    with pytest.raises(WebWorkLogUnavailableError, match=r"spool\.db cannot be used: database or disk is full"):
        fill(spool)
    assert 5 < spool.waiting < 20
    assert spool.used_bytes() <= 2 * MEGABYTE

    with pytest.raises(WebWorkLogUnavailableError):
        spool.append([large()])
    move_all(spool)
    assert spool.used_bytes() < MEGABYTE
    spool.append([large()])
    assert spool.waiting == 1


def test_a_batch_that_does_not_fit_is_refused_as_a_whole(open_spool):
    spool = open_spool(max_bytes=2 * MEGABYTE)
    with pytest.raises(WebWorkLogUnavailableError):
        spool.append([large() for _ in range(30)])
    assert (spool.waiting, spool.page()) == (0, [])


def test_on_a_full_disk_it_takes_nothing_and_loses_nothing_and_then_goes_on(spool):
    spool.append([arrival("before")])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        with pytest.raises(WebWorkLogUnavailableError, match="cannot be used"):
            spool.append([large(1_000_000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    spool.append([arrival("after")])
    assert [each.identity.key for each in waiting(spool)] == ["before", "after"]


def test_the_space_of_what_was_moved_is_given_back(spool, tmp_path):
    spool.append([large() for _ in range(100)])
    spool.store.close()  # what is in SQLite's own log goes to the file
    before = (tmp_path / "spool.db").stat().st_size
    move_all(spool)
    spool.shrink()
    spool.store.close()
    assert (tmp_path / "spool.db").stat().st_size < before / 10


def test_a_second_process_is_refused_with_the_reason(spool, open_spool, tmp_path):
    with pytest.raises(WebWorkConfigurationError, match=rf"another process uses {tmp_path}/spool\.db\. Every receiver"):
        open_spool()
    spool.close()
    open_spool()


def test_a_spool_whose_file_is_deleted_takes_nothing_because_it_would_keep_nothing(spool, tmp_path):
    (tmp_path / "spool.db").unlink()
    with pytest.raises(WebWorkLogUnavailableError, match="is gone"):
        spool.append([arrival()])


def test_a_path_that_cannot_work_is_refused_with_the_name_of_the_option(tmp_path):
    with pytest.raises(WebWorkConfigurationError, match=r"\[webwork\] spool_path must be absolute"):
        Spool((tmp_path / "x.db").relative_to("/"), max_bytes=MEGABYTE)
    with pytest.raises(WebWorkConfigurationError, match=r"\[webwork\] spool_path: .*The folder has to be there"):
        Spool(tmp_path / "missing" / "spool.db", max_bytes=MEGABYTE).open()
    (tmp_path / "text.db").write_text("this is no database, but it is long enough to look like one" * 20)
    with pytest.raises(WebWorkConfigurationError, match="not a database"):
        Spool(tmp_path / "text.db", max_bytes=MEGABYTE).open()


def test_an_event_with_fewer_fields_of_an_earlier_version_is_read(spool):
    spool.append([whole := arrival()])
    with spool.store.write() as connection:
        [text] = connection.exec_driver_sql("SELECT event FROM arrival").scalars()
        fewer = {name: value for name, value in json.loads(text).items() if name != "proof"}
        connection.exec_driver_sql("UPDATE arrival SET event = ?", (json.dumps(fewer),))
    assert waiting(spool) == [replace(whole, event=whole.event._replace(proof="key"))]


def test_nobody_else_may_read_its_files(spool, tmp_path):
    spool.append([arrival()])
    files = [path for path in tmp_path.iterdir() if path.suffix != ".lock"]
    assert len(files) > 1
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
