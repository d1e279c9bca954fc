"""The asset of a consumer: one and the same wherever it is declared, and what watches it."""

from __future__ import annotations

import asyncio
import json
import warnings
from contextlib import aclosing
from datetime import UTC, datetime

import pytest
from airflow.sdk import Asset

from airflow_provider_webwork.assets import webwork_events
from airflow_provider_webwork.triggers.consumers import WebWorkConsumerTrigger
from tests.airflow.conftest import DAGS

FILES = ("consumers_in_tests.py", "shares_a_consumer.py")


def trigger_of(asset):
    (watcher,) = asset.watchers
    return watcher.trigger


def test_the_asset_is_named_after_its_consumer():
    asset = webwork_events("payroll", types=["tracker.stopped"])

    assert (asset.name, asset.uri) == ("webwork_payroll", "webwork://consumer/payroll")
    assert asset.normalized_uri == asset.uri
    assert trigger_of(asset).serialize() == (
        "airflow_provider_webwork.triggers.consumers.WebWorkConsumerTrigger",
        {"consumer": "payroll", "types": ["tracker.stopped"], "match": None, "start": "now"},
    )


def test_a_trigger_is_the_same_after_it_was_stored():
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    asset = webwork_events("payroll", types=("b", "a"), match={"user_id": (7, "8"), "x": True}, start=moment)
    path, kwargs = trigger_of(asset).serialize()

    again = WebWorkConsumerTrigger(**json.loads(json.dumps(kwargs, allow_nan=False)))
    assert again.subscription == trigger_of(asset).subscription
    assert again.serialize() == (path, kwargs)
    assert WebWorkConsumerTrigger.hash(path, kwargs) == WebWorkConsumerTrigger.hash(*again.serialize())
    assert repr(again) == repr(trigger_of(asset))


def test_an_asset_can_be_combined_with_others():
    combined = (webwork_events("payroll") | webwork_events("billing")) & Asset("else")

    assert [type(each).__name__ for each in (combined, combined.objects[0])] == ["AssetAll", "AssetAny"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"consumer": "Payroll"}, "consumer"),
        ({"types": "tracker.stopped"}, "types"),
        ({"match": ["x"]}, "match"),
        ({"start": "soon"}, "start"),
    ],
    ids=str,
)
def test_misuse_is_refused_when_the_dag_is_parsed_and_names_the_argument(arguments, named):
    with pytest.raises(ValueError, match=named):
        webwork_events(**{"consumer": "payroll", **arguments})


def test_several_dag_files_that_declare_one_consumer_share_one_trigger_however_often_they_are_parsed(airflow_database):
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.asset import AssetWatcherModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    def parse(name):
        bag = DagBag(DAGS / name, bundle_path=DAGS, bundle_name="dags-folder")
        assert bag.import_errors == {}
        sync_bag_to_db(bag, "dags-folder", None)

    def watched_by():
        with create_session() as session:
            rows = session.execute(select(AssetWatcherModel.name, AssetWatcherModel.trigger_id))
            return dict(rows.tuples().all())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Airflow warns about its own dependencies
        DagBundlesManager().sync_bundles_to_db()
        for name in FILES:
            parse(name)
        unpause("claims_in_a_task", "shares")  # what no Dag waits for is not watched
        for name in FILES:
            parse(name)
        before = watched_by()
        for name in FILES * 2:
            parse(name)
        after = watched_by()

    assert {"webwork_shared", "webwork_other", "webwork_third"} <= set(before)
    assert after == before


def unpause(*dag_ids):
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        for dag_id in dag_ids:
            session.get(DagModel, dag_id).is_paused = False


async def test_the_trigger_fires_with_strict_json_makes_its_consumer_and_counts(webwork_log, monkeypatch):
    monkeypatch.setenv("AIRFLOW__WEBWORK__POLL_INTERVAL", "0.01")
    counted = []
    stats = "airflow.observability.stats.Stats"
    monkeypatch.setattr(f"{stats}.incr", lambda name, tags: counted.append((name, tags)))
    monkeypatch.setattr(f"{stats}.gauge", lambda name, value, tags: counted.append((name, value, tags)))
    webwork_log.add("tracker.started")
    stored = webwork_log.add("tracker.stopped")
    trigger = WebWorkConsumerTrigger(consumer="payroll", types=["tracker.stopped"], start="beginning")

    async with asyncio.timeout(20), aclosing(trigger.run()) as fired:
        event = await anext(fired)
        waiting = asyncio.ensure_future(anext(fired))
        while len(counted) < 2:  # noqa: ASYNC110 - it changes in another task
            await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait({waiting})

    assert event.payload == {"consumer": "payroll", "position": 0, "seq": stored["seq"], "released": 0}
    assert ("webwork.wake_ups", {"consumer": "payroll"}) in counted
    assert ("webwork.lag", 1, {"consumer": "payroll"}) in counted
    assert webwork_log.consumers.get("payroll").wanted == trigger.subscription.wanted


async def test_a_wrong_option_does_not_end_the_trigger(webwork_log, monkeypatch, caplog):
    monkeypatch.setenv("AIRFLOW__WEBWORK__POLL_INTERVAL", "often")
    monkeypatch.setattr("airflow_provider_webwork.triggers.watch.FIRST_PAUSE", 0.01)
    trigger = WebWorkConsumerTrigger(consumer="payroll")
    firing = asyncio.create_task(anext(trigger.run()))
    async with asyncio.timeout(20):
        while "poll_interval" not in caplog.text:  # noqa: ASYNC110 - it changes in another task
            await asyncio.sleep(0.01)
    assert not firing.done()
    firing.cancel()
    await asyncio.wait({firing})
