"""Which Airflow the tests run with."""

from importlib.metadata import version

AIRFLOW = tuple(map(int, version("apache-airflow-core").split(".")[:2]))
