"""A power loss at any moment takes what was not synced, and nothing that a sender was told.

``--log-cli-level=INFO`` shows at how many moments.
"""

import json
import logging
import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from tests.contract import recorded_writer
from tests.contract.arrivals import arrival
from tests.contract.power_loss import TOLD, Disk, record, recorder

figures = logging.getLogger(__name__)

LOG = "events.db"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return recorder(tmp_path_factory.mktemp("library"))


@pytest.fixture
def steps(library, tmp_path):
    """Writes events to a log and returns what that did to its files, step by step."""

    def write(events, *, fault="none"):
        folder = tmp_path / "losable"
        folder.mkdir()
        arguments = [f"sqlite:///{folder / LOG}", folder / TOLD, str(events), fault]
        done = record(library, folder, recorded_writer.__name__, arguments)
        assert sum(step.name == TOLD for step in done) == events
        return done

    return write


def events_left(files, *, appending=False):
    """Open what a power loss left, check that it is sound, and return the events in it.

    :param appending: whether to go on with that log, too.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder, LOG)
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA synchronous=OFF")  # of the look at it, which no power loss follows
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            new = not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'event'").fetchall()
            rows = [] if new else connection.execute("SELECT seq, payload FROM event ORDER BY seq").fetchall()
        assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))
        if new or appending:
            store = Store(f"sqlite:///{path}")
            assert EventLog(store).append([arrival()])[0].seq == len(rows) + 1
            store.close()
    keys = [json.loads(payload)["key"] for _, payload in rows]
    assert len(keys) == len(set(keys))
    return set(keys)


def every_loss(steps):
    """Yield what was told and what is left for each moment at which a power loss leaves something else.

    That is before each sync, and at the end: what comes between two of them only adds to what is lost.
    """
    disk = Disk()
    for number, step in enumerate(steps):
        if step.kind == "s":
            yield set(disk.told), events_left(disk.left(), appending=number % 20 == 0)
        disk.apply(step)
    yield set(disk.told), events_left(disk.left(), appending=True)


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("events", [600, pytest.param(3_000, marks=pytest.mark.heavy)])
def test_a_power_loss_at_any_moment_takes_nothing_that_was_told(steps, events):
    done = steps(events)
    syncs = Counter(step.name for step in done if step.kind == "s")
    assert syncs[LOG] > 3, "no checkpoint among the events"
    assert syncs[f"{LOG}-wal"] > events / 10

    for told, left in every_loss(done):
        assert told <= left
    figures.info("%d steps, %d of them syncs", len(done), syncs.total())


def survivor_by(chance, share, step):
    """Return what the disk did of a step: all of it in this share of cases, else the beginning of what it writes."""
    if chance.random() < share:
        return step
    return replace(step, data=step.data[: chance.randrange(len(step.data))]) if step.data else None


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize(("events", "losses"), [(600, 200), pytest.param(1_000, 2_000, marks=pytest.mark.heavy)])
def test_whatever_a_disk_did_without_being_asked_to_harms_nothing_that_was_told(steps, events, losses):
    """A disk may do what was not synced, in any order: some writes, parts of writes, none."""
    chance = random.Random(losses)
    done = steps(events)
    moments = Counter(chance.choices(range(len(done)), k=losses))

    disk = Disk()
    for number, step in enumerate(done):
        for _ in range(moments[number]):
            survivor = partial(survivor_by, chance, chance.choice([0.1, 0.5, 0.9]))
            assert set(disk.told) <= events_left(disk.left(survivor, entries=chance.random() < 0.5))
        disk.apply(step)


@pytest.mark.parametrize("fault", ["synchronous=NORMAL", "synchronous=OFF", "acknowledges first"])
def test_a_power_loss_finds_out_a_log_that_tells_success_too_early(steps, fault):
    assert any(told - left for told, left in every_loss(steps(100, fault=fault)))
