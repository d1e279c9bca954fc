"""What holds for every test: no traffic leaves the machine, and a slow machine is not a failure."""

import ipaddress
import os
import socket

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("webwork", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("webwork")

# A proxy of the machine has no part in what goes to this machine, in subprocesses neither.
for name in ("NO_PROXY", "no_proxy"):
    os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1", "localhost"]))


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch):
    """Refuse connections and name look-ups that would leave the machine."""

    def guarded(call):
        def checked(first, *rest, **options):
            host = address_of(first, rest)
            if not is_loopback(host):
                msg = f"A test wants to reach {host!r}; tests talk to this machine only."
                raise AssertionError(msg)
            return call(first, *rest, **options)

        return checked

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
    monkeypatch.setattr(socket, "getaddrinfo", guarded(socket.getaddrinfo))


def address_of(first, rest):
    """Return the host that ``socket.connect(address)`` or ``getaddrinfo(host, ...)`` is asked for."""
    if not isinstance(first, socket.socket):
        return first
    return rest[0][0] if first.family in {socket.AF_INET, socket.AF_INET6} else None


def is_loopback(host):
    if host in {None, "", "localhost", b"localhost", socket.gethostname()}:
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
