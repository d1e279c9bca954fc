"""A file appears at its destination whole or not at all, and nothing else is ever left beside it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_webwork.files.landing import landing, landing_elsewhere


@pytest.fixture(params=["Linux", "no nameless files", "nameless files that take no name"])
def system(request, monkeypatch):
    if request.param == "no nameless files":
        monkeypatch.delattr(os, "O_TMPFILE")
    elif request.param != "Linux":

        def refuse(*_, **__):
            raise OSError(errno.EXDEV, "no link")

        monkeypatch.setattr(os, "link", refuse)
    return request.param


class GrowingUploads(LocalFileSystem):
    """A file server where an upload is seen while it grows, and may break off."""

    cacheable = False

    def __init__(self, target, *, breaks=False):
        super().__init__()
        self.target = Path(target)
        self.breaks = breaks
        self.seen = []

    def put_file(self, lpath, rpath, **_):
        content = Path(lpath).read_bytes()
        Path(rpath).write_bytes(content[: len(content) // 2])
        self.seen.append(self.target.read_bytes() if self.target.exists() else None)
        if self.breaks:
            raise ConnectionError
        Path(rpath).write_bytes(content)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("former", [None, b"former"])
def test_a_reader_sees_the_former_file_until_the_new_one_is_whole(tmp_path, former):
    target = tmp_path / "lake" / "day.jsonl"
    if former is not None:
        target.parent.mkdir()
        target.write_bytes(former)
    with landing(target) as file:
        file.write(b"whole")
        file.flush()
        assert (target.read_bytes() if target.exists() else None) == former
    assert contents(target.parent) == {"day.jsonl": b"whole"}


@pytest.mark.usefixtures("system")
def test_a_failure_leaves_the_former_file_and_nothing_else(tmp_path):
    target = tmp_path / "day.jsonl"
    target.write_bytes(b"former")
    with pytest.raises(TypeError), landing(target) as file:
        file.writelines([b"half", None])
    assert contents(tmp_path) == {"day.jsonl": b"former"}


@pytest.mark.usefixtures("system")
def test_the_file_may_be_read_by_whom_the_umask_lets(tmp_path):
    former = os.umask(0o027)
    try:
        with landing(tmp_path / "day.jsonl"):
            pass
    finally:
        os.umask(former)
    assert (tmp_path / "day.jsonl").stat().st_mode & 0o777 == 0o640


def test_on_linux_a_file_that_is_not_complete_has_no_name(tmp_path):
    with landing(tmp_path / "day.jsonl") as file:
        file.write(b"half")
        file.flush()
        assert contents(tmp_path) == {}


@pytest.mark.usefixtures("system")
def test_an_object_store_is_given_the_whole_file_at_once(tmp_path):
    store, target = MemoryFileSystem(), f"{tmp_path}/day.jsonl"
    with landing_elsewhere(target, store, protocol="s3") as file:
        file.write(b"whole")
        file.flush()
        assert not store.exists(target)
    assert store.cat_file(target) == b"whole"
    assert store.find(str(tmp_path)) == [target]


@pytest.mark.parametrize("former", [None, b"former"])
def test_elsewhere_an_upload_that_can_be_seen_growing_is_hidden_until_it_is_whole(tmp_path, former):
    target = tmp_path / "lake" / "day.jsonl"
    if former is not None:
        target.parent.mkdir()
        target.write_bytes(former)
    server = GrowingUploads(target)
    with landing_elsewhere(str(target), server, protocol="sftp") as file:
        file.write(b"whole")
    assert server.seen == [former]
    assert contents(target.parent) == {"day.jsonl": b"whole"}


def test_an_upload_that_breaks_off_leaves_the_former_file_and_nothing_else(tmp_path):
    (tmp_path / "day.jsonl").write_bytes(b"former")
    server = GrowingUploads(tmp_path / "day.jsonl", breaks=True)
    with (
        pytest.raises(ConnectionError),
        landing_elsewhere(str(tmp_path / "day.jsonl"), server, protocol="sftp") as file,
    ):
        file.write(b"whole")
    assert server.seen == [b"former"]
    assert contents(tmp_path) == {"day.jsonl": b"former"}
