"""The commands `airflow webwork ...`."""
