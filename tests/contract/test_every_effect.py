"""Every operation at work: a read answers with what is there, and each write is seen by a later read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from airflow_provider_webwork.api.auth import BasicAuth, BearerAuth
from airflow_provider_webwork.api.client import Client, ClientSettings
from airflow_provider_webwork.api.operations import catalogue
from airflow_provider_webwork.simulator import Simulator
from tests.contract.effects_table import READS, REGISTERED, REPORTS, WRITES, Found
from tests.contract.operations_table import CALLS
from tests.fake_webwork import UNPACED

DOCUMENTED = {call.operation: call for call in CALLS}
OPERATIONS = {name: found for operations in catalogue().values() for name, found in operations.items()}
NOW = datetime(2026, 11, 19, 15, 0, tzinfo=UTC)


class Site:
    """A WebWork on a Thursday afternoon, and a client of each version of its API."""

    def __init__(self):
        self.time = NOW
        self.simulator = webwork = Simulator(now=lambda: self.time)
        webwork.start()
        v2 = ClientSettings(auth=BearerAuth(webwork.token), base_url=webwork.base_url_v2, workspace_id=1, rate=UNPACED)
        basic = BasicAuth(webwork.login, webwork.password)
        v1 = ClientSettings(auth=basic, base_url=webwork.base_url_v1, api_version="v1")
        self._clients = {"v2": Client(v2), "v1": Client(v1)}

    def begin(self):
        """Forget every write."""
        self.time = NOW
        self.simulator.reset()
        self._known = {}

    def stop(self):
        for client in self._clients.values():
            client.close()
        self.simulator.stop()

    def call(self, name, arguments):
        """Call an operation once, and see that WebWork got what its pages say, and took it for the one meant."""
        answer = self._clients[OPERATIONS[name].api_version].call(name, **self._filled(arguments))
        assert_as_documented(self.simulator.requests[-1], DOCUMENTED[name])
        return answer

    def records(self, name, arguments):
        """Return every record that a read shows."""
        found = OPERATIONS[name]
        if found.records_at is None:
            answer = self.call(name, arguments)
            return [answer if found.record_at == "$" else answer[found.record_at]]
        records = list(self._clients[found.api_version].iterate(name, **self._filled(arguments)))
        assert_as_documented(self.simulator.requests[-1], DOCUMENTED[name])
        return records

    def _filled(self, arguments):
        return {name: self._id(value) if isinstance(value, Found) else value for name, value in arguments.items()}

    def _id(self, found):
        """Look an id up once: after a write, another record may be the first."""
        if found not in self._known:
            self._known[found] = self.records(*found.call)[0]["id"]
        return self._known[found]


def assert_as_documented(sent, call):
    """Compare a request with that of the table of operations, whose values are others and whose arguments are all."""
    method, target = call.request.split(" ", 1)
    documented = urlsplit(target)
    pairs = zip(sent.path.removeprefix("/api/v2").split("/"), documented.path.split("/"), strict=True)
    values = {str(value) for value in call.arguments.values()}
    assert (sent.operation, sent.method) == (call.operation, method)
    assert [ours for ours, theirs in pairs if ours != theirs and unquote(theirs) not in values] == []
    assert set(sent.query) <= set(parse_qs(documented.query))
    assert set(sent.body or ()) <= set(call.json or call.form or ())


@pytest.fixture(scope="module")
def running():
    site = Site()
    yield site
    site.stop()


@pytest.fixture
def site(running):
    running.begin()
    return running


def test_the_tables_have_every_operation_and_every_argument_of_a_write():
    given = {}
    for write in WRITES:
        operation, arguments = write.call
        given.setdefault(operation, set()).update(arguments)

    assert {read.call[0] for read in READS} == {name for name, each in OPERATIONS.items() if each.method == "GET"}
    assert set(given) == {name for name, each in OPERATIONS.items() if each.method != "GET"}
    missing = {
        name: {each.argument for each in OPERATIONS[name].parameters} - arguments for name, arguments in given.items()
    }
    assert {name: arguments for name, arguments in missing.items() if arguments} == {}
    assert {write.seen_by[0] for write in WRITES} <= {read.call[0] for read in READS}


@pytest.mark.parametrize("read", READS, ids=lambda read: read.call[0])
def test_a_read_shows_what_is_there(read, site):
    site.call(*REGISTERED)  # there is none in the beginning
    records = site.records(*read.call)

    assert len(records) == read.records
    assert [record for record in records if read.shows.items() <= record.items()] != []


@pytest.mark.parametrize("write", WRITES, ids=lambda write: f"{write.call[0]} seen by {write.seen_by[0]}")
def test_a_write_is_seen_by_a_later_read_and_nothing_else_is_new(write, site):
    for call in write.given:
        site.call(*call)
        site.time += timedelta(minutes=30)
    before = site.records(*write.seen_by)
    site.call(*write.call)
    after = site.records(*write.seen_by)

    gone = [record for record in before if record not in after]
    new = [record for record in after if record not in before]
    if write.adds is not None:
        [record] = new
        assert (gone, {name: record[name] for name in write.adds}) == ([], write.adds)
    elif write.removes is not None:
        [record] = gone
        assert (new, {name: record[name] for name in write.removes}) == ([], write.removes)
    else:
        [was], [now] = gone, new
        changes = {name: now[name] for name in now if now[name] != was[name]}
        changes.pop("updated_at", None)
        assert changes == write.changes


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.call[0])
def test_every_report_and_timesheet_adds_up_after_each_write(report, site):
    def minutes():
        return sum(reduce(lambda value, key: value[key], report.minutes, row) for row in site.records(*report.call))

    seen = [minutes()]
    evening = {"date": "2026-11-18", "start_time": "20:00", "end_time": "21:00"}
    created = site.call("createTimeEntry", {"user_id": 7, "contract_id": 107, **evening})
    seen.append(minutes())
    entry = {"time_entry_id": created["data"]["id"]}
    site.call("updateTimeEntry", {**entry, "end_time": "20:30"})
    seen.append(minutes())
    site.call("deleteTimeEntry", entry)
    seen.append(minutes())

    assert seen[0] > 0
    assert [total - seen[0] for total in seen] == [0, 60, 30, 0]
