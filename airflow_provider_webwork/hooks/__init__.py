"""Hooks: an Airflow connection made into a client of WebWork, and the event log for Dags."""
