"""Where a file of a task lands: locally or in object storage."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO

from airflow_provider_webwork.files import landing as files
from airflow_provider_webwork.operators.arguments import is_known

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath


def landing(destination: str) -> AbstractContextManager[BinaryIO]:
    """Open a file to write; once it is complete it takes the place of what was at the destination.

    A reader never sees half of it, also if the process is killed.

    :param destination: a path or URL as ``airflow.sdk.ObjectStoragePath`` takes it.
    :raises ValueError: if it cannot be the path of a file.
    """
    target = storage_path(destination)
    if is_local(target):
        path = Path(target.path)
        if path.is_dir():
            raise ValueError(f"path must be that of a file, and {destination!r} is a folder.")
        return files.landing(path)
    try:
        storage = target.fs
    except ValueError as error:
        example = "apache-airflow-providers-amazon[s3fs] for s3"
        raise ValueError(f"path: {error}. Install the provider that brings it, such as {example}.") from error
    return files.landing_elsewhere(target.path, storage, protocol=target.protocol)


def usable_path(path: object) -> str:
    """Return where a file is to go as text; it may be given as text, or as a path object.

    :raises ValueError: if it names no file.
    """
    from airflow.sdk import ObjectStoragePath

    text = str(path) if isinstance(path, (str, PurePath, ObjectStoragePath)) else ""
    if not text.strip() or text.endswith("/"):
        raise ValueError(f"path must be that of a file, such as s3://lake/members.jsonl, not {path!r}.")
    if isinstance(path, PurePath) and not is_known(text):
        raise ValueError(f"path: Airflow renders no template in a {type(path).__name__}; give {text!r} as text.")
    return text


def storage_path(destination: str) -> ObjectStoragePath:
    """Read where a file is to go.

    :raises ValueError: if it names no file.
    """
    from airflow.sdk import ObjectStoragePath

    return ObjectStoragePath(usable_path(destination))


def is_local(target: ObjectStoragePath) -> bool:
    """Whether it is a file of this machine."""
    return target.protocol in {"", "file", "local"}
