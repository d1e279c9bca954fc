"""The WebWork REST API over ``requests``: knows no Airflow and no database."""
