"""The page on the connection says nothing that is not so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from airflow_provider_webwork.api.heads import ANSWER_SHARE
from airflow_provider_webwork.api.retries import RetryPolicy
from airflow_provider_webwork.api.settings import BASE_URLS
from airflow_provider_webwork.api.token_endpoint import REQUEST_FORMS, TOKEN_URL
from airflow_provider_webwork.budget import SPARE, Rate
from airflow_provider_webwork.hooks.sign_in import AUTH_TYPES
from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.provider_info import get_provider_info

PAGE = (Path(__file__).parents[2] / "docs" / "connection.md").read_text()
EXAMPLES = [json.loads(example) for example in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


@pytest.mark.usefixtures("webwork_log")
def test_the_examples_sign_in_in_every_way_that_there_is(connection):
    methods = [WebWorkHook(connection(example)).client.settings.auth.method for example in EXAMPLES]

    assert len(set(methods)) == len(methods) == len(AUTH_TYPES["v1"] + AUTH_TYPES["v2"])


def test_every_field_of_the_form_is_explained_and_no_other():
    (kind,) = get_provider_info()["connection-types"]
    table = PAGE.partition("## Every field")[2].partition("## ")[0]
    told = {
        name for row in re.findall(r"^\| (`.*?) \(extra\) \|", table, re.MULTILINE) for name in re.findall(r"\w+", row)
    }

    assert told == set(kind["conn-fields"])


def test_figures_and_addresses_are_those_of_the_code():
    policy = RetryPolicy()

    for address in (*BASE_URLS.values(), TOKEN_URL):
        assert f"`{address}`" in PAGE
    assert all(f"`{form}`" in PAGE for form in REQUEST_FORMS)
    assert f"no more than {Rate().requests} in any {Rate().window:.0f} seconds" in PAGE
    assert f"{1 / (1 + SPARE):.1%}".replace("%", " %") in PAGE
    assert (policy.attempts, policy.deadline, policy.longest_wait, ANSWER_SHARE) == (5, 240, 90, 4)
    assert "up to five attempts and four minutes in all" in PAGE
    assert "up to 90 seconds" in PAGE
    assert "the whole answer within four times as many" in PAGE
