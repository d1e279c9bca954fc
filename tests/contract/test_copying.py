"""A log moves to another database with all that belongs to it, or not at all."""

import pytest

from airflow_provider_webwork.errors import WebWorkLogError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.copying import copy_log
from airflow_provider_webwork.events.endpoints import Endpoints
from airflow_provider_webwork.events.leases import Leases
from airflow_provider_webwork.events.receivers import Receiver, Receivers
from tests.contract.arrivals import NOON, arrival
from tests.contract.readers import STARTED, Readers


@pytest.fixture
def source(open_store, sqlite_url, vault):
    """A log on a laptop in which everything has happened."""
    readers = Readers(open_store(sqlite_url))
    readers.claim("r0", wanted=STARTED, try_number=2)
    readers.append(*["tracker.started", "tracker.stopped"] * 3, payload={"name": "Jürgen \U0001f600", "n": 1.5})
    readers.append("unknown", raw=b"\x00\xff not JSON", problem="not JSON")
    readers.log.append([arrival() for _ in range(2_500)])
    readers.claim("r1", limit=1, wanted=STARTED)
    readers.claim("r2", limit=2, wanted=STARTED)
    readers.release("r1")
    Endpoints(readers.store, vault).open("payroll", now=NOON)
    Receivers(readers.store).beat(Receiver(name="laptop/1", version="1", seen_at=NOON))
    Leases(readers.store, now=readers.now).take("prune", "laptop/1", length=NOON - NOON.replace(hour=11))
    return readers


@pytest.fixture
def target(open_store, postgresql):
    return open_store(postgresql.database())


def rows(store, table):
    with store.read() as connection:
        return connection.execute(table.select().order_by(*table.primary_key)).all()


def copy(source, target, *, progress=lambda *_: None):
    return copy_log(source, target, progress=progress)


def test_everything_that_makes_a_log_arrives(source, target, vault):
    counts = copy(source.store, target)
    assert counts["event"] == 2_507
    assert counts["batch"] == 2
    assert counts["empty_claim"] == 1
    for table in (
        schema.event,
        schema.dedupe,
        schema.consumer,
        schema.batch,
        schema.empty_claim,
        schema.released,
        schema.audit,
        schema.endpoint,
        schema.endpoint_key,
        schema.setting,
    ):
        assert rows(target, table) == rows(source.store, table), table.name
        assert counts[table.name] == len(rows(target, table))
    assert Endpoints(target, vault).list() == Endpoints(source.store, vault).list()


def test_readers_go_on_where_they_were(source, target):
    copy(source.store, target)
    there = Readers(target)
    assert there.lag() == source.lag()
    assert there.claim("r2", wanted=STARTED) == [3, 5]
    assert there.claim("r3", wanted=STARTED) == [1]
    assert there.claim("r4", limit=2, wanted=STARTED) == [8, 9]
    assert there.append("tracker.started") == [2_508]


def test_heartbeats_and_leases_stay_behind(source, target):
    copy(source.store, target)
    assert Receivers(target).list() == []
    assert rows(target, schema.lease) == []


def test_how_far_it_is_can_be_shown(source, target):
    told = []
    copy(source.store, target, progress=lambda *line: told.append(line))
    assert [line for line in told if line[0] == "event"] == [
        ("event", 1_000, 2_507),
        ("event", 2_000, 2_507),
        ("event", 2_507, 2_507),
    ]


@pytest.mark.parametrize("own", [True, False])
def test_an_empty_log_is_refused_also_when_it_is_its_own_target(open_store, postgresql, own):
    url = postgresql.database()
    source = open_store(url)
    source.upgrade()
    with pytest.raises(WebWorkLogError, match="is empty, so there is nothing to copy"):
        copy(source, open_store(url if own else postgresql.database()))


def test_a_target_that_holds_something_is_refused_and_left_alone(source, target):
    target.upgrade()
    Readers(target).append("tracker.started")
    with pytest.raises(WebWorkLogError, match=r"holds a log already: its table .* is not empty"):
        copy(source.store, target)
    assert len(rows(target, schema.event)) == 1
    assert rows(target, schema.consumer) == []


def test_a_log_is_not_copied_onto_itself(source):
    with pytest.raises(WebWorkLogError, match="holds a log already"):
        copy(source.store, source.store)


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda source: source.append("tracker.started"),
        lambda source: source.claim("r9", limit=1, wanted=STARTED),
        lambda source: source.release("r2"),
        lambda source: source.consumers.rewind("payroll", to=0, actor="Member 7"),
    ],
    ids=["append", "claim", "release", "rewind"],
)
def test_a_source_that_changes_meanwhile_is_noticed_and_nothing_stays_in_the_target(source, target, meanwhile):
    changes = [meanwhile]

    def progress(table, done, total):
        if table == "setting" or (table == "event" and done == 1_000):
            while changes:
                changes.pop()(source)

    with pytest.raises(WebWorkLogError, match="changed while it was copied"):
        copy(source.store, target, progress=progress)
    assert changes == []
    assert {table.name for table in schema.metadata.sorted_tables if rows(target, table)} == set()

    copy(source.store, target)
    assert rows(target, schema.event) == rows(source.store, schema.event)


def test_a_failure_on_the_way_leaves_nothing_in_the_target(source, target):
    def fail(table, done, total):
        if table == "event" and done == 2_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(source.store, target, progress=fail)
    assert {table.name for table in schema.metadata.sorted_tables if rows(target, table)} == set()


def test_a_log_moves_back_to_a_file_as_well(source, target, open_store, tmp_path):
    copy(source.store, target)
    back = open_store(f"sqlite:///{tmp_path / 'back.db'}")
    copy(target, back)
    assert rows(back, schema.event) == rows(source.store, schema.event)
