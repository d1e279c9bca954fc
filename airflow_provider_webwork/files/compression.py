"""Compressing what is written, so that the same content gives the same bytes."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

TEXT_COMPRESSIONS = ("gzip", "bz2", "xz")


@contextmanager
def compressed(file: BinaryIO, compression: str | None) -> Iterator[BinaryIO]:
    """Open a compressed stream into a file, which stays open behind it.

    :param file: where to.
    :param compression: one of :data:`TEXT_COMPRESSIONS`; ``None`` writes what comes.
    """
    if compression is None:
        yield file
        return
    with _STREAMS[compression](file) as stream:
        yield cast("BinaryIO", stream)


def _gzip(file: BinaryIO) -> gzip.GzipFile:
    # Neither time nor name goes into the file: a retry has to give the same bytes. 6 is what gzip itself defaults to.
    return gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0)


def _bz2(file: BinaryIO) -> bz2.BZ2File:
    return bz2.BZ2File(file, "wb")


def _xz(file: BinaryIO) -> lzma.LZMAFile:
    return lzma.LZMAFile(file, "wb")


_STREAMS = dict(zip(TEXT_COMPRESSIONS, (_gzip, _bz2, _xz), strict=True))
