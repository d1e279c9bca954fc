"""The files of the deployment guide, run as they are but for names, ports and folders."""

import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import requests
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from airflow_provider_webwork.options import OPTIONS
from demo.processes import free_ports

DOCS = Path(__file__).parents[2] / "docs"
FILES = DOCS / "deployment"
STARTED = {"event": "tracker.started", "event_id": "e1"}


def certificate(folder):
    """Make a certificate for this machine that nobody but this test trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "hooks.example.com.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "hooks.example.com.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@contextmanager
def nginx(folder, *receiver_ports):
    """Run nginx with the guide's configuration in front of receivers, each with a line as it is; yields its port."""
    certificate(folder)
    [port] = free_ports(1)
    text = (FILES / "nginx.conf").read_text()
    [line] = re.findall(r"^    server 127\.0\.0\.1:8079.*;\n", text, re.MULTILINE)
    lines = "".join(line.replace("8079", str(receiver_port)) for receiver_port in receiver_ports)
    for written, here in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        line: lines,
        "/etc/nginx/tls": str(folder),
        "/var/log/nginx": str(folder),
    }.items():
        assert written in text
        text = text.replace(written, here)
    (folder / "webwork.conf").write_text(text)
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log info;"
        f"events {{}} http {{ {temporary} include {folder}/webwork.conf; }}"
    )
    command = ["nginx", "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"]
    checked = subprocess.run([*command, "-t"], capture_output=True, check=False, text=True)
    assert checked.returncode == 0, checked.stderr
    with subprocess.Popen(command) as process:
        try:
            wait_for_a_listener(port, process)
            yield port
        finally:
            process.terminate()


def wait_for_a_listener(port, process):
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not listen.")


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_behind_nginx_deliveries_are_stored_and_no_log_holds_a_key(site, tmp_path):
    folder = tmp_path / "nginx"
    folder.mkdir()
    receiver = site.run("--access-log")
    with nginx(folder, receiver.port) as port, requests.Session() as session:
        session.trust_env, session.verify = False, str(folder / "hooks.example.com.crt")
        base = f"https://127.0.0.1:{port}"
        hook = f"{base}/hooks/{site.key}"

        def ask(method, url, **options):
            return session.request(method, url, timeout=30, **options)

        assert ask("POST", hook, json=STARTED).status_code == 200
        assert ask("GET", hook).status_code == 200
        assert ask("POST", f"{base}/hooks/unknown", json=STARTED).status_code == 404
        assert ask("GET", f"{base}/health/ready").status_code == 404
        assert ask("POST", f"{base}/{site.key}").status_code == 404
        assert ask("POST", hook, data=b"x" * 1_100_000).status_code == 413
        receiver.terminate()
        receiver.wait()
        away = ask("POST", hook, json={**STARTED, "event_id": "e2"})
        assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
    assert [event.payload["event_id"] for event in site.events()] == ["e1"]
    access = (folder / "webwork.log").read_text()
    statuses = [line.split()[3] for line in access.splitlines()]
    assert statuses == ["200", "200", "404", "404", "404", "413", "503"]
    written = "".join(path.read_text(errors="replace") for path in folder.iterdir() if path.is_file())
    assert site.key not in written + receiver.output


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_of_two_receivers_behind_nginx_one_after_the_other_is_restarted_and_no_delivery_refused(site, tmp_path):
    folder = tmp_path / "nginx"
    folder.mkdir()
    receivers = [site.run(), site.run()]
    sent = []
    with nginx(folder, *(receiver.port for receiver in receivers)) as port, requests.Session() as session:
        session.trust_env, session.verify = False, str(folder / "hooks.example.com.crt")

        def deliver():
            sent.append(f"e{len(sent)}")
            body = {**STARTED, "event_id": sent[-1]}
            return session.post(f"https://127.0.0.1:{port}/hooks/{site.key}", json=body, timeout=30).status_code

        for receiver in receivers:
            receiver.terminate()
            receiver.wait()
            assert [deliver() for _ in range(4)] == [200] * 4, "nginx asks the other one"
            site.run("--port", str(receiver.port))
        assert deliver() == 200
    assert [event.payload["event_id"] for event in site.events()] == sent


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    unit = tmp_path / "webwork-receiver.service"
    unit.write_text((FILES / "webwork-receiver.service").read_text().replace("/opt/webwork/bin/python", sys.executable))
    checked = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, check=False, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_command_of_the_unit_starts_a_receiver_with_the_variables_of_its_file(site):
    unit = (FILES / "webwork-receiver.service").read_text()
    [command] = re.findall(r"^ExecStart=/opt/webwork/bin/python (.*)$", unit, re.MULTILINE)
    assert shlex.split(command) == ["-m", "airflow_provider_webwork.receiver"]
    lines = (FILES / "receiver.env").read_text().splitlines()
    variables = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    [port] = free_ports(1)
    variables |= {
        "AIRFLOW__WEBWORK__EVENT_STORE_URL": site.environment["AIRFLOW__WEBWORK__EVENT_STORE_URL"],
        "AIRFLOW__WEBWORK__SECRET_KEY": site.environment["AIRFLOW__WEBWORK__SECRET_KEY"],
        "AIRFLOW__WEBWORK__RECEIVER_PORT": str(port),
        "AIRFLOW__WEBWORK__SPOOL_PATH": site.store.name + ".spool",
    }
    options = {name.removeprefix("AIRFLOW__WEBWORK__").lower(): value for name, value in variables.items()}
    receiver = site.run("--port", str(port), **options)
    assert requests.post(f"http://127.0.0.1:{port}/hooks/{site.key}", json=STARTED, timeout=10).status_code == 200
    receiver.terminate()
    assert receiver.wait() == 0


def test_the_files_for_kubernetes_are_yaml_and_belong_together():
    parts = {part["kind"]: part for part in yaml.safe_load_all((FILES / "kubernetes.yaml").read_text())}
    pods = parts["StatefulSet"]["spec"]["template"]
    [container] = pods["spec"]["containers"]
    assert container["envFrom"] == [{"secretRef": {"name": parts["Secret"]["metadata"]["name"]}}]
    for selector in (
        parts["Service"]["spec"]["selector"],
        parts["StatefulSet"]["spec"]["selector"]["matchLabels"],
        parts["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector == pods["metadata"]["labels"]
    [claim] = parts["StatefulSet"]["spec"]["volumeClaimTemplates"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    spool = next(each["value"] for each in container["env"] if each["name"].endswith("SPOOL_PATH"))
    assert Path(spool).parent == Path(mounts[claim["metadata"]["name"]])


@pytest.mark.parametrize("path", sorted(FILES.iterdir()), ids=lambda path: path.name)
def test_every_option_that_the_guide_names_exists(path):
    known = {option.name for option in OPTIONS}
    named = re.findall(r"AIRFLOW__WEBWORK__(\w+)", path.read_text())
    assert {name.lower() for name in named} <= known


def test_the_guide_links_to_every_file_and_names_options_that_exist():
    page = (DOCS / "deployment.md").read_text()
    linked = set(re.findall(r"deployment/([\w.-]+)", page))
    assert linked == {path.name for path in FILES.iterdir()}
    known = {option.name for option in OPTIONS}
    assert set(re.findall(r"`(receiver_\w+)`", page)) <= known


def test_what_is_installed_without_airflow_is_what_the_project_needs():
    project = (DOCS.parent / "pyproject.toml").read_text()
    lines = (FILES / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#") and f'"{line}"' not in project] == []
