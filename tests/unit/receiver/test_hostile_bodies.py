"""Whatever a body is, reading it takes a moment; a thread that reads answers nobody else."""

import time

import pytest

from airflow_provider_webwork.receiver.parse import parse
from tests.unit.receiver.conftest import NOON
from tests.unit.receiver.reading import ENDPOINT, FORM, JSON, KEY

SIZE = 10_000_000
SECONDS = 2.5
"""Many times what it takes, and a small part of what it took without limits."""

# What a body begins with, what it repeats, what it ends with.
BODIES = {
    "lists in lists": (b'{"event":"a","n":', b"[", b""),
    "empty lists": (b'{"event":"a","n":[1', b",[]", b"]}"),
    "objects": (b'{"event":"a","n":[1', b',{"a":1}', b"]}"),
    "numbers": (b'{"event":"a","n":[1', b",1", b"]}"),
    "a long number": (b'{"event":"a","n":', b"9", b"}"),
    "a long fraction": (b'{"event":"a","n":0.', b"9", b"}"),
    "long numbers": (b'{"event":"a","n":[1', b"," + b"9" * 4_000, b"]}"),
    "exponents": (b'{"event":"a","n":[1', b",1e999999999", b"]}"),
    "precise numbers": (b'{"event":"a","n":[1', b",1.23456789012345678", b"]}"),
    "fields": (b'{"event":"a"', b',"name":1', b"}"),
    "texts": (b'{"event":"a","n":[""', b',"text"', b"]}"),
    "quotes": (b'{"event":"a","token":', b'"', b""),
    "escapes": (b'{"event":"a","n":"', b"\\u0077", b'"}'),
    "backslashes": (b'{"event":"a","n":"', b"\\\\", b'"}'),
    "percents": (b'{"event":"a","n":"', b"%77", b'"}'),
    "an open text": (b'{"event":"a","n":"', b'\\"', b""),
    "tokens": (b'{"event":"a","n":[1', b',{"token":"abcdefghi"}', b"]}"),
    "broken tokens": (b"", b'"token":"', b""),
    "names of tokens": (b"", b'"token" ', b""),
    "a secret": (b'{"event":"a","n":"', KEY.encode(), b'"}'),
    "a secret in disguise": (b'{"event":"a","n":"', KEY.replace("c", "\\u0063").encode(), b'"}'),
    "events": (b'[{"event":"a"}', b',{"event":"a"}', b"]"),
    "blanks": (b"[", b" ", b"]"),
    "no text at all": (b"", b"\xff\0", b""),
    "letters": (b"token", b"abc ", b""),
    "ampersands": (b"token", b"&", b""),
    "form fields": (b"event=a", b"&a=1", b""),
    "escaped form fields": (b"event=a&n=", b"%41", b""),
    "brackets": (b"event=a&n", b"[a]", b"=1"),
    "broken brackets": (b"token", b"&[", b""),
    "tokens in a form": (b"event=a&a", b"[token", b"=1"),
    "JSON in a form": (b"payload={%22event%22:%22a%22,%22n%22:[1", b",[]", b"]}"),
}


@pytest.mark.parametrize("content_type", [JSON, FORM])
@pytest.mark.parametrize("name", BODIES)
def test_ten_megabytes_take_a_moment(name, content_type):
    begin, piece, end = BODIES[name]
    body = begin + piece * (SIZE // len(piece)) + end
    began = time.thread_time()
    arrivals = parse(body, content_type, endpoint=ENDPOINT, received_at=NOON, key=KEY)
    assert time.thread_time() - began < SECONDS
    assert arrivals
    stored = b"".join(arrival.event.raw or b"" for arrival in arrivals) + str(arrivals[0].event.payload).encode()
    assert KEY.encode() not in stored
