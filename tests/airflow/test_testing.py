"""The fixtures for users' own tests: what their documentation shows, run by a pytest of its own."""

from __future__ import annotations

import re

from airflow_provider_webwork import testing

CONFTEST = """
pytest_plugins = ["airflow_provider_webwork.testing"]
"""

TESTS = """
import airflow.settings
from airflow.dag_processing.dagbag import DagBag

airflow.settings.initialize()
folder = airflow.settings.DAGS_FOLDER
dags = DagBag(folder, bundle_path=folder, bundle_name="dags-folder").dags
dag = dags["example_wait_for_event"]

{example}

def test_registering(webwork_log, webwork_simulator):
    assert dags["example_register_webhook"].test().state == "success"
    assert [webhook.events for webhook in webwork_simulator.webhooks] == [("tracker.started", "tracker.stopped")]

def test_each_test_has_a_log_of_its_own(webwork_log):
    assert webwork_log.events() == []
    added = webwork_log.add("tracker.started", user_id=7, project_id=3)
    assert webwork_log.events() == [added]
    assert (added["user_id"], added["data"]) == (7, {{"user_id": 7, "project_id": 3}})
"""


def test_the_documented_example_and_both_example_dags_pass(run_python, tmp_path):
    plugins = re.search(r"``(pytest_plugins = .*?)``", testing.__doc__)[1]
    example = re.search(r"    (def test_.*?)\n\n?A sensor", testing.__doc__, re.DOTALL)[1].replace("\n    ", "\n")
    assert plugins in CONFTEST
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_payroll.py").write_text(TESTS.format(example=example))

    done = run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
