"""Whose certificates are trusted, and what the error says when they are not."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from airflow_provider_webwork.errors import WebWorkServerError


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "webwork.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return str(path)


@pytest.fixture
def webwork(certificate, start_webwork):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    fake = start_webwork(context)
    fake.says({"success": True})
    return fake


def test_the_ca_file_of_the_connection_is_trusted_and_wins_over_the_environment(
    webwork, connect, certificate, tmp_path, monkeypatch
):
    empty = tmp_path / "other.pem"
    empty.write_text("")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(empty))
    assert connect(verify=certificate).call("getMembers") == {"success": True}


def test_the_ca_file_of_the_environment_is_trusted(webwork, connect, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate)
    assert connect().call("getMembers") == {"success": True}


def test_an_unknown_certificate_is_refused_before_anything_is_sent(webwork, connect, clock):
    with pytest.raises(WebWorkServerError, match="TLS: its certificate is not trusted") as caught:
        connect().call("createWebhook", url="https://example.com", events=["tracker.started"])
    assert "cannot reach 127.0.0.1:" in str(caught.value)
    assert not caught.value.effect_unknown
    assert clock.sleeps == []
    assert webwork.received == []


class Tunnel:
    """A proxy that opens a tunnel to one server, whatever it is asked for."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = parts.hostname, parts.port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._opened = [self._listening]
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += near.recv(4096)
                far = socket.create_connection(self._target)
                self._opened += [near, far]
                near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while portion := source.recv(65_536):
                sink.sendall(portion)
            sink.shutdown(socket.SHUT_WR)

    def stop(self) -> None:
        for each in self._opened:
            each.close()


def test_a_post_whose_tunnel_broke_is_sent_once_and_its_effect_is_unknown(
    certificate, start_webwork, connect, reply, monkeypatch
):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    webwork = start_webwork(context)
    webwork.replies(reply(hang_up=True))
    tunnel = Tunnel(webwork.url)
    monkeypatch.setenv("HTTPS_PROXY", tunnel.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(WebWorkServerError) as caught:
        connect(base_url=webwork.url, verify=certificate).call(
            "createWebhook", url="https://example.com", events=["tracker.started"]
        )
    tunnel.stop()
    assert caught.value.effect_unknown
    assert [request.method for request in webwork.received] == ["POST"]


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_certificates_go_unchecked_only_when_told_so(webwork, connect):
    assert connect(verify=False).call("getMembers") == {"success": True}
