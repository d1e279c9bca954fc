"""Where the receiver is off nobody finds it, and no access log learns a key."""

import json
import subprocess
import sys

import pytest

from airflow_provider_webwork.receiver.hidden import nothing_here, take_path
from tests.unit.receiver.conftest import ask

KEY = "canary-of-the-key"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
async def test_a_receiver_that_is_off_answers_like_one_that_does_not_know_the_key(running, method):
    off = await ask(nothing_here, method, f"/webwork/hooks/{KEY}", root_path="/webwork")
    async with running() as place:
        on = await ask(place.receiver, "POST", f"/webwork/hooks/{KEY}", root_path="/webwork")
    assert off.messages == on.messages
    assert off.scope["path"] == on.scope["path"] == "/webwork/hooks/***"


@pytest.mark.parametrize(
    ("path", "below", "shown"),
    [
        (f"/hooks/{KEY}", f"/hooks/{KEY}", "/hooks/***"),
        (f"/HOOKS/{KEY}/more", f"/HOOKS/{KEY}/more", "/hooks/***"),
        (f"/mount/hooks/{KEY}", f"/hooks/{KEY}", "/mount/hooks/***"),
        (f"/mount/hooks%2F{KEY}", f"/hooks%2F{KEY}", "/mount/hooks/***"),
        (f"/mount/typo/hooks/{KEY}", f"/typo/hooks/{KEY}", "/mount/typo/hooks/***"),
        (f"/mount/{KEY}", f"/{KEY}", "/mount/***"),
        (f"/mounted/hooks/{KEY}", f"/mounted/hooks/{KEY}", "/mounted/hooks/***"),
        ("/mount/health/live", "/health/live", "/mount/health/live"),
        ("/mount", "", "/mount"),
    ],
)
def test_a_path_is_served_in_full_and_shown_without_its_key(path, below, shown):
    scope = {"path": path, "raw_path": path.encode(), "query_string": b"a=b", "root_path": "/mount"}
    assert take_path(scope) == below
    assert scope["path"] == shown
    assert scope["raw_path"] == shown.encode()
    assert scope["query_string"] == b""
    assert KEY not in str(scope)


def test_it_loads_neither_the_log_nor_a_database_nor_airflow():
    code = (
        "import json, sys, airflow_provider_webwork.receiver.hidden\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules}"
        " | {name for name in sys.modules if name.startswith('airflow_provider_webwork')})))"
    )
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)
    assert "airflow_provider_webwork.receiver.hidden" in loaded
    assert not {"airflow", "sqlalchemy", "starlette", "uvicorn", "cryptography"} & set(loaded)
    assert not [name for name in loaded if name.startswith("airflow_provider_webwork.events")]
