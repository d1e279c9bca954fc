"""A callback URL is made, taken apart and told from other URLs in one way."""

import pytest

from airflow_provider_webwork.events.callbacks import base_of, callback_url, key_hash_of, key_of
from airflow_provider_webwork.secrets import hash_key


@pytest.mark.parametrize("base_url", ["https://airflow.example.com", "https://airflow.example.com/webwork/hooks"])
@pytest.mark.parametrize("end", ["", "/"])
def test_a_callback_url_tells_where_the_receiver_is_and_its_key(base_url, end):
    url = callback_url(base_url + end, "k-1")
    assert url == f"{base_url}/hooks/k-1"
    assert (base_of(url), key_of(url), key_hash_of(url)) == (base_url, "k-1", hash_key("k-1"))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/hooks/",
        "https://example.com/hooks/k-1/more",
        "https://example.com/webhooks/k-1",
        "https://example.com/?url=/hooks/k-1",
    ],
)
def test_other_urls_have_no_key(url):
    assert (base_of(url), key_of(url), key_hash_of(url)) == (None, None, None)
