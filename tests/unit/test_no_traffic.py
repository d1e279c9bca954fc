"""The guard that keeps tests on this machine."""

import socket

import pytest
import requests


@pytest.mark.parametrize("url", ["http://192.0.2.1/", "http://[2001:db8::1]/", "http://webwork.example/"])
def test_a_request_to_another_machine_is_refused(url):
    with requests.Session() as session:
        session.trust_env = False  # or a proxy of the machine would be asked
        with pytest.raises(AssertionError, match="this machine only"):
            session.get(url, timeout=1)


def test_a_connection_to_this_machine_is_not():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as client,
    ):
        assert client.getpeername() == server.getsockname()
