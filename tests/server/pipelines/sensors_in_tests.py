"""A Dag that waits, deferred, for an event of the member that its run is about."""

from airflow.sdk import Param, dag

from airflow_provider_webwork.sensors.events import WebWorkEventSensor


@dag(dag_id="waiting", schedule=None, params={"user_id": Param(0, type="integer")})
def waiting():
    WebWorkEventSensor(
        task_id="wait",
        types=["sensed.event"],
        match={"user_id": "{{ params.user_id }}"},
        since="beginning",
        deferrable=True,
    )


waiting()
