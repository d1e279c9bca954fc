"""Claimers on many processes, killed and started again: each event to one run, each run its first answer."""

import random
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airflow_provider_webwork.errors import WebWorkConsumerError
from airflow_provider_webwork.events.batches import Batches
from airflow_provider_webwork.events.claims import Claims
from airflow_provider_webwork.events.consumers import Consumers
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.store import Store
from tests.contract.arrivals import arrival
from tests.contract.restarting import PATIENCE, Restarting, lines

WANTED = EventFilter.of(types=["tracker.*"])


def now():
    return datetime.now(UTC)


def claim_until_all_is_done(path: Path, url, limit, done: Path):
    """Claim for one run after the other; after a start, first once more for the last that were answered before."""
    store = Store(url)
    claims, batches = Claims(store, now=now), Batches(store, now=now)
    answered = [int(line[0]) for line in lines(path)]
    with path.open("a") as notes:

        def claim(run):
            try:
                batch = claims.claim("payroll", f"salaries/{path.name}-{run}/claim/-1", limit=limit, wanted=WANTED)
                given = batch and ",".join(str(event.seq) for event in batches.events(batch))
            except WebWorkConsumerError as error:
                if "given up" not in str(error):
                    raise
                given = "released"
            if given:
                notes.write(f"{run} {given}\n")
                notes.flush()
            return given

        for run in answered[-3:]:
            assert claim(run)
        run = answered[-1] + 1 if answered else 0
        while True:
            last = done.exists()
            if claim(run):
                run += 1
            elif last:
                break
            else:
                time.sleep(0.02)
    store.close()


def first_answers(workers, names):
    """Return what each run was given first, having seen that it was never given anything else."""
    answers = {}
    for name in names:
        for run, given in workers.lines(name):
            answers.setdefault(f"salaries/{name}-{run}/claim/-1", []).append(given)
    for run, given in answers.items():
        alive = [each for each in given if each != "released"]
        assert len(set(alive)) <= 1, run
        assert given == alive + ["released"] * (len(given) - len(alive)), run
    return {run: given[0] for run, given in answers.items()}


def prove(open_store, url, folder, *, claimers, events, limit, kills, releases):
    store = open_store()
    log, batches = EventLog(store), Batches(store, now=now)
    Consumers(store, now=now).create("payroll", WANTED, start="beginning", owner="salaries")
    chance, done, retried = random.Random(claimers), folder / "done", 0
    names = [f"claimer{number}" for number in range(claimers)]
    released = set()
    with Restarting(folder, claim_until_all_is_done, dict.fromkeys(names, (url, limit, done))) as workers:
        for portion in range(kills):
            types = chance.choices(["tracker.started", "member.added"], [9, 1], k=events // kills)
            log.append([arrival(type=type_) for type_ in types])
            deadline = time.monotonic() + PATIENCE
            while len(batches.list()) < (portion + 1) * events // kills // limit // 2:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            workers.kill(chance.choice(names))
            retried += 1
            if len(released) < releases:
                batch = chance.choice([each for each in batches.list() if each.released_at is None])
                batches.release("payroll", batch.run_key, actor="Member 7")
                released.add(batch.run_key)
        done.touch()
        workers.join()
        answers = first_answers(workers, names)

    wanted = [event.seq for event in log.read(WANTED)]
    live = [batch for batch in batches.list() if batch.released_at is None]
    places = {batch.run_key: [event.seq for event in batches.events(batch)] for batch in live}
    given = sorted(seq for batch in places.values() for seq in batch)
    assert given == wanted
    assert set(places) <= set(answers)
    for run, seqs in places.items():
        assert answers[run] == ",".join(map(str, seqs)), run
    assert {batch.run_key for batch in batches.list() if batch.released_at} == released
    return f"{len(wanted)} events in {len(live)} live batches, {len(released)} released, {retried} kills"


def test_killed_claimers_on_many_processes_share_all_events(open_store, store_url, tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    prove(open_store, store_url, folder, claimers=8, events=1_500, limit=20, kills=5, releases=3)


@pytest.mark.heavy
@pytest.mark.timeout(1_800)
def test_a_hundred_killed_claimers_share_a_hundred_thousand_events(
    open_store, store_url, tmp_path, pytestconfig, capsys
):
    folder = tmp_path / "notes"
    folder.mkdir()
    began = time.monotonic()
    told = prove(open_store, store_url, folder, claimers=32, events=100_000, limit=100, kills=100, releases=20)
    database, seconds = store_url.partition(":")[0], time.monotonic() - began
    with capsys.disabled():
        pytestconfig.get_terminal_writer().line(f"\n{database}: {told}, {seconds:.0f} s")
