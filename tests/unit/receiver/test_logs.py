"""The log of the Airflow-free receiver as JSON lines."""

import json
import logging
import sys

from airflow_provider_webwork.receiver.logs import JSONLines


def written(message, *args, exc_info=None, **extra):
    record = logging.LogRecord("receiver", logging.WARNING, "file.py", 1, message, args, exc_info)
    vars(record).update(extra)
    line = JSONLines().format(record)
    assert "\n" not in line
    return json.loads(line)


def test_a_record_is_one_line_of_json_with_its_fields():
    line = written("Refused %s\n", "all", endpoint="payroll", reason="too_large", status=413, other="hidden")
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "WARNING",
        "logger": "receiver",
        "message": "Refused all\n",
        "endpoint": "payroll",
        "reason": "too_large",
        "status": 413,
    }


def test_an_exception_is_in_the_same_line():
    try:
        raise ValueError("It broke.")
    except ValueError:
        line = written("Oh", exc_info=sys.exc_info())
    assert line["exception"].endswith("ValueError: It broke.")
