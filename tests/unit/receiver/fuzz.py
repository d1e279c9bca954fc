"""Requests that nobody would send, made from those that somebody would; the same seed makes the same ones."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

CONTENT_TYPES = [
    "application/json", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "text/plain", "",
    "Application/X-WWW-Form-URLEncoded ; charset=utf-8", "multipart/form-data; boundary=x", ";", "\xff", "a" * 5_000,
]  # fmt: skip
METHODS = ["POST"] * 30 + ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "post", "", "P\xd6ST", "POST " * 50]
PIECES = [
    b"[", b"{", b"]", b"}", b'"', b"\\", b",", b":", b"&", b"=", b"%", b"%ff", b"%00", b"+", b"\0", b"\xff", b"\xc3",
    b"\xef\xbb\xbf", b"\\u0000", b"\\ud800", b"\\udfff", b"NaN", b"-Infinity", b"1e400", b"-0", b"0.1", b"1e-999999999",
    b"12345678901234567890.123", b"9" * 5_000, b"[" * 200, b'{"a":' * 150, b"[]," * 500, b"\r\n", b"\xe2\x80\xa8",
    b'"event":"tracker.started",', b'"event_id":"e1",', b'"data":{"user_id":7},', b'"token":"canary-of-a-token",',
    b'"timestamp":1e18,', b'"timestamp":"0001-01-01T00:00:00+23:59",', b'"workspace_id":true,', b"data[user][id]=7&",
    b"payload=", b"tags[]=a&", b"[a]=1&", b"data={}&", b"null", b"true", b"%25" * 50,
]  # fmt: skip
VALUES = [
    None, True, False, 0, 7, -1, 2**53 + 1, 2**64, 0.1, 1e300, "", " ", "7", "tracker.started", "é😀",
    "2026-11-22T11:59:30Z", "2026-11-22", 1_795_000_000, 1_795_000_000_000, [], {}, [[]], {"id": 7}, {"name": "a.b"},
]  # fmt: skip
NAMES = [
    "event", "type", "event_type", "name", "event_id", "id", "timestamp", "time", "created_at", "workspace_id",
    "user_id", "user", "workspace", "data", "token", "signature", "attempt", "webhook_id", "payload", "", "a.b",
    "data[user_id]",
]  # fmt: skip
HEADERS = [
    "x-event", "x-webwork-event", "x-webwork-provider-mark", "x-webhook-token", "authorization", "x-signature",
    "webhook-id", "webhook-timestamp", "webhook-signature", "content-length", "transfer-encoding", "expect", "cookie",
    "content-encoding", "accept", "host", "x-\xff", "",
]  # fmt: skip


@dataclass
class Request:
    """What is asked. Where ``ends`` is not ``whole``, the sender hangs up, or never comes to the end."""

    method: str
    path: str
    headers: list[tuple[bytes, bytes]]
    chunks: list[bytes]
    ends: str = "whole"
    number: int = field(default=0, compare=False)


class Fuzzer:
    """Makes requests.

    :param key: a callback key that is good.
    """

    def __init__(self, seed: int, *, key: str) -> None:
        self._dice = random.Random(seed)
        self._key = key
        self._made = 0

    def request(self) -> Request:
        dice = self._dice
        self._made += 1
        body = self.body()
        usual = CONTENT_TYPES[0] if body[:1] in {b"{", b"["} else CONTENT_TYPES[1]
        content_type = usual if dice.random() < 0.7 else dice.choice(CONTENT_TYPES)
        headers = [(b"content-type", content_type.encode("latin-1"))]
        others = dice.choices(HEADERS, k=dice.choice([0, 0, 0, 1, 2]))
        headers += [(name.encode("latin-1"), self._header_value()) for name in others]
        dice.shuffle(headers)
        return Request(
            method=dice.choice(METHODS),
            path=self._path(),
            headers=headers,
            chunks=self._cut(body),
            ends=dice.choices(["whole", "hangs up", "never"], weights=[500, 5, 1])[0],
            number=self._made,
        )

    def body(self) -> bytes:
        """Return a body that is good, or was before it was spoilt."""
        dice = self._dice
        body = dice.choice([self._json] * 4 + [self._list, self._form, self._json_in_form, self._noise])()
        for _ in range(dice.choice([0, 0, 0, 0, 0, 1, 2, 5])):
            body = self._spoilt(body)
        return body

    def _json(self) -> bytes:
        text = json.dumps(self._object(), ensure_ascii=self._dice.random() < 0.8)
        encoding = self._dice.choices(["utf-8", "utf-8-sig", "utf-16", "latin-1"], weights=[20, 1, 1, 1])[0]
        return text.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "replace")

    def _list(self) -> bytes:
        return json.dumps([self._object() for _ in range(self._dice.choice([0, 1, 2, 2, 3, 30]))]).encode()

    def _form(self) -> bytes:
        fields = [(self._dice.choice(NAMES), self._text()) for _ in range(self._dice.randint(0, 6))]
        return urlencode([("event", "tracker.stopped"), *fields], errors="replace").encode()

    def _json_in_form(self) -> bytes:
        return f"{self._dice.choice(['payload', 'data', 'x'])}={quote(json.dumps(self._object()))}".encode()

    def _noise(self) -> bytes:
        dice = self._dice
        if dice.random() < 0.5:
            return b"".join(dice.choices(PIECES, k=dice.randint(0, 30)))
        return dice.randbytes(dice.choice([0, 1, 10, 100, 1_000, 20_000]))

    def _object(self) -> dict[str, object]:
        dice = self._dice
        said: dict[str, object] = {"event": "tracker.started"} if dice.random() < 0.8 else {}
        for _ in range(dice.randint(0, 6)):
            said[dice.choice(NAMES)] = dice.choice(VALUES)
        if dice.random() < 0.05:
            said[dice.choice(["\0", "\udfff", "note"])] = dice.choice(["\0", "\ud800"])
        if dice.random() < 0.5:
            said["data"] = {"user_id": dice.randint(0, 50), "number": dice.randint(0, 1_000_000)}
        return said

    def _text(self) -> str:
        value = self._dice.choice(VALUES)
        return value if isinstance(value, str) else json.dumps(value)

    def _spoilt(self, body: bytes) -> bytes:
        dice = self._dice
        place = dice.randint(0, len(body))
        match dice.randint(0, 5):
            case 0:
                return body[:place]
            case 1:
                return body[:place] + dice.choice(PIECES) + body[place:]
            case 2:
                return body[:place] + bytes([dice.randrange(256)]) + body[place + 1 :]
            case 3:
                end = dice.randint(place, len(body))
                return body[:end] + body[place:end] * dice.choice([1, 2, 10]) + body[end:]
            case 4:
                return body[place:] + body[:place]
            case _:
                return body[:place] + body[dice.randint(place, len(body)) :]

    def _header_value(self) -> bytes:
        dice = self._dice
        return dice.choice(
            [b"", b"tracker.started", b"\xff\0", b"gAAAAABk" + b"A" * 100, b"v1,AAAA", b"0", b"1" * 400, b"chunked"]
        )

    def _path(self) -> str:
        dice = self._dice
        good = f"/hooks/{self._key}"
        return good if dice.random() < 0.9 else dice.choice([
            "/hooks/nobody", "/hooks/", "/hooks", "/", "", "//", good + "/", good + "/x", good.upper(), good[:-1],
            "/HOOKS/x", "/hooks/" + "k" * 5_000, "/hooks/\xff\ud800", "/hooks/%00", "/hooks/../hooks/x", "/hooks/\0",
            "/health/live", "/health/ready", "/elsewhere" + good,
        ])  # fmt: skip

    def _cut(self, body: bytes) -> list[bytes]:
        dice = self._dice
        places = sorted(dice.randint(0, len(body)) for _ in range(dice.choice([0, 0, 0, 1, 3, 20])))
        return [body[begin:end] for begin, end in zip([0, *places], [*places, len(body)], strict=True)]
