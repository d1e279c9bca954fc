"""Apache Airflow provider for the WebWork Time Tracker."""

__version__ = "0.1.0"
