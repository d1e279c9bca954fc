"""Files that appear at their destination whole, or not at all, also if the process is killed."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

OBJECT_STORES = frozenset({"s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "oci"})
"""Protocols whose stores show an object only when it has arrived. Elsewhere an upload is seen while it grows."""


class Storage(Protocol):
    """What publishing needs of a file system; those of ``fsspec`` have it."""

    def makedirs(self, path: str, *, exist_ok: bool) -> None:
        """Make a folder, and those above it."""

    def put_file(self, lpath: str, rpath: str) -> None:
        """Upload a local file."""

    def mv(self, path1: str, path2: str) -> None:
        """Rename a file, over one that may be there."""

    def rm_file(self, path: str) -> None:
        """Remove a file."""


@contextmanager
def landing(target: Path) -> Iterator[BinaryIO]:
    """Open a file to write; once it is complete it takes the place of what was at the target.

    It is written in the folder of the target, which is made if need be. On Linux it has no name until it is complete,
    so that nothing is left of it if the process is killed; elsewhere a hidden file is.

    :param target: a local path.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    hidden = target.with_name(_hidden_name())
    with _new_part(hidden) as part:
        yield part.file
        part.file.flush()
        os.fsync(part.file.fileno())
        try:
            if part.path != hidden:
                _give_name(part, hidden)
            hidden.replace(target)
        finally:
            hidden.unlink(missing_ok=True)
    _sync_folder(target.parent)


@contextmanager
def landing_elsewhere(target: str, storage: Storage, *, protocol: str) -> Iterator[BinaryIO]:
    """Open a temporary file to write; once it is complete it is uploaded and takes the place of what was at the target.

    Where uploads can be seen while they grow, it is uploaded under a hidden name beside the target and renamed.

    :param target: a path on the storage.
    :param storage: the file system.
    :param protocol: what the storage is reached by, such as ``s3``.
    """
    with _new_part(Path(tempfile.gettempdir()) / _hidden_name()) as part:
        yield part.file
        part.file.flush()
        if protocol in OBJECT_STORES:
            storage.put_file(str(part.path), target)
            return
        folder = target.rpartition("/")[0]
        if folder:
            storage.makedirs(folder, exist_ok=True)
        hidden = f"{folder}/{_hidden_name()}" if "/" in target else _hidden_name()
        try:
            storage.put_file(str(part.path), hidden)
            storage.mv(hidden, target)
        except BaseException:
            with suppress(FileNotFoundError):
                storage.rm_file(hidden)
            raise


@dataclass(frozen=True)
class _Part:
    """A file that is being written.

    :param path: where this process can open it.
    """

    file: BinaryIO
    path: Path


@contextmanager
def _new_part(path: Path) -> Iterator[_Part]:
    """Make a file without a name in the folder of a path, or one at that path where there are no files without."""
    try:
        # Neither macOS nor every network file system knows it.
        descriptor = os.open(path.parent, os.O_TMPFILE | os.O_RDWR, 0o666)
    except (AttributeError, OSError):
        with path.open("xb") as file:
            try:
                yield _Part(file, path)
            finally:
                path.unlink(missing_ok=True)
    else:
        with os.fdopen(descriptor, "wb") as file:
            yield _Part(file, Path(f"/proc/self/fd/{descriptor}"))


def _give_name(part: _Part, path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # Only where the descriptor of a folder is given does Python call linkat(), which follows the link in /proc.
        os.link(part.path, path.name, dst_dir_fd=folder)
    except OSError:  # such as no /proc
        with path.open("xb") as copy:
            os.lseek(part.file.fileno(), 0, os.SEEK_SET)
            with os.fdopen(os.dup(part.file.fileno()), "rb") as whole:
                shutil.copyfileobj(whole, copy)
            os.fsync(copy.fileno())
    finally:
        os.close(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hidden_name() -> str:
    return f".{uuid.uuid4().hex}.part"
