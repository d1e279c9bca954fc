"""A reconciliation of its data interval, in a Dag whose runs have one and in one whose runs have none."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronDataIntervalTimetable, dag

from airflow_provider_webwork.operators.reconciliation import WebWorkReconcileEventsOperator

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


@dag(schedule=CronDataIntervalTimetable("@hourly", timezone="UTC"), start_date=BEGAN, catchup=False)
def reconcile_the_interval() -> None:
    WebWorkReconcileEventsOperator(task_id="reconcile")


@dag(schedule="@hourly", start_date=BEGAN, catchup=False)
def reconcile_without_an_interval() -> None:
    WebWorkReconcileEventsOperator(task_id="reconcile", end="{{ ts }}", retries=3)


reconcile_the_interval()
reconcile_without_an_interval()
