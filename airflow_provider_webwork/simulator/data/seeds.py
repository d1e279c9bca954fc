"""Everything that looks random follows from one number, so that the same seed gives the same world."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

_CHECK = 6


@dataclass(frozen=True)
class Seed:
    """A number from which texts, dice and opaque ids are drawn by naming what they are for."""

    value: int

    def digest(self, *what: object) -> bytes:
        """Return 32 bytes that are the same for the same subject."""
        return hashlib.sha256("/".join(map(str, (self.value, *what))).encode()).digest()

    def text(self, *what: object) -> str:
        """Return 24 opaque characters that are safe in a URL."""
        return base64.urlsafe_b64encode(self.digest(*what)[:18]).decode()

    def number(self, below: int, *what: object) -> int:
        """Return a whole number from 0 up to but not including ``below``."""
        return int.from_bytes(self.digest(*what)[:8]) % below

    def pick(self, choices: Sequence[T], *what: object) -> T:
        """Return one of the choices."""
        return choices[self.number(len(choices), *what)]

    def seal(self, *parts: int) -> str:
        """Return an opaque id out of which :meth:`unseal` reads the numbers again, so that no row need be kept."""
        content = ".".join(map(str, parts)).encode()
        return base64.urlsafe_b64encode(self._check(content) + content).decode().rstrip("=")

    def unseal(self, sealed: str) -> tuple[int, ...] | None:
        """Return the numbers in a sealed id, or ``None`` if this seed never sealed it."""
        try:
            content = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        except (binascii.Error, ValueError):
            return None
        check, numbers = content[:_CHECK], content[_CHECK:]
        if not hmac.compare_digest(check, self._check(numbers)):
            return None
        return tuple(int(part) for part in numbers.split(b"."))

    def _check(self, content: bytes) -> bytes:
        return hashlib.sha256(b"%d:%b" % (self.value, content)).digest()[:_CHECK]
