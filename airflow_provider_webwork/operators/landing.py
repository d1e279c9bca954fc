"""Files that appear at their destination whole, or not at all."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def landing(destination: str) -> Iterator[BinaryIO]:
    """Open a file to write; once it is complete it takes the place of what was at the destination.

    A reader never sees half of it, also if the process is killed: it is written beside a local destination, or to a
    temporary file that is uploaded in one go, which object stores show only when it has arrived.

    :param destination: a path or URL as ``airflow.sdk.ObjectStoragePath`` takes it.
    """
    from airflow.sdk import ObjectStoragePath

    target = ObjectStoragePath(destination)
    local = target.protocol in ("", "file", "local")
    folder = Path(target.path).parent if local else Path(tempfile.gettempdir())
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{uuid.uuid4().hex}.part"
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if local:
            part.replace(target.path)
        else:
            target.fs.put_file(str(part), target.path)
    finally:
        part.unlink(missing_ok=True)
