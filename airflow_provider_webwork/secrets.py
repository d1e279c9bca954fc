"""Secrets: encrypting those that must be read back, hashing those that must not, redacting what is shown."""

from __future__ import annotations

import hashlib
import json
import re
import secrets as random_secrets
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow_provider_webwork.errors import WebWorkSecretError
from airflow_provider_webwork.json_types import JSON

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

MASK = "***"

SHORTEST_REDACTED = 8
"""Texts shorter than this are never searched for: masking every ``a`` would destroy what it protects."""

LONGEST_SEARCHED = 2**20
"""How many characters are searched for secrets however they are written; in more, only as most encoders write them."""

# JSON in JSON doubles the backslashes and a URL in a URL writes `%25` for `%`. The bounds keep the search linear.
_BACKSLASHES = r"\\{1,8}"
_PERCENT = r"%(?:25){0,3}"
_SLASH = rf"(?:(?:{_BACKSLASHES})?/|{_PERCENT}2[Ff])"
_CALLBACK = re.compile(rf"({_SLASH}hooks{_SLASH})[^/?#\s\"'<>\\]+")
_SHORT_ESCAPES = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", '"': '"', "/": "/"}
_SECRET_WORDS = ("token", "secret")
_SECRET_FIELDS = frozenset({*_SECRET_WORDS, "webhook_token", "webhook_secret"})  # one of the words is in each
_WRITTEN = json.JSONEncoder(ensure_ascii=False).encode


def new_key() -> str:
    """Make the secret path segment of a callback URL: 256 random bits, safe in a URL."""
    return random_secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    """Return the SHA-256 of a callback key in hex, which is all that the event log keeps of it.

    A key has 256 random bits, so a plain hash cannot be searched and needs no salt.
    """
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


class Vault:
    """Encrypts secrets for the event log with Fernet; the first key encrypts, every key decrypts.

    :param keys: Fernet keys; none at all is allowed until a secret has to be stored or read.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = tuple(keys)

    def __repr__(self) -> str:
        return f"Vault({len(self._keys)} keys)"

    @property
    def fingerprint(self) -> str:
        """A short name of the key that encrypts, which does not tell the key.

        :raises WebWorkSecretError: if there is no usable key.
        """
        return self._fingerprints()[0]

    def opens(self, fingerprint: str) -> bool:
        """Whether one of the keys at hand has this fingerprint."""
        return bool(self._keys) and fingerprint in self._fingerprints()

    def encrypt(self, secret: str) -> str:
        """Return the secret encrypted.

        :raises WebWorkSecretError: if there is no usable key.
        """
        return self._fernet().encrypt(secret.encode()).decode("ascii")

    def decrypt(self, encrypted: str) -> str:
        """Return the secret that :meth:`encrypt` encrypted.

        :raises WebWorkSecretError: if none of the keys fits.
        """
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet().decrypt(encrypted.encode("ascii")).decode()
        except (InvalidToken, UnicodeError):
            msg = (
                "A secret in the event log was encrypted with a key that is not at hand. Put the former key behind "
                "the present one in [webwork] secret_key, separated by a comma."
            )
            raise WebWorkSecretError(msg) from None

    def seal(self, statement: str, *, now: datetime) -> str:
        """Return a statement so that whoever has the same keys sees that it was made with one of them, and when.

        :raises WebWorkSecretError: if there is no usable key.
        """
        return self._fernet().encrypt_at_time(statement.encode(), int(now.timestamp())).decode("ascii")

    def unsealed(self, sealed: str, *, seconds: int, now: datetime) -> str | None:
        """Return what :meth:`seal` was given at most so long ago; ``None`` for anything else, whatever it is."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet().decrypt_at_time(sealed, seconds, int(now.timestamp())).decode()
        except (InvalidToken, ValueError, WebWorkSecretError):  # the second for letters that no token has
            return None

    def _fernet(self) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet

        if not self._keys:
            msg = (
                "There is no key to encrypt secrets with. Set [webwork] secret_key (or [core] fernet_key) to "
                "the output of: python -c 'from cryptography.fernet import Fernet; "
                "print(Fernet.generate_key().decode())'"
            )
            raise WebWorkSecretError(msg)
        try:
            return MultiFernet([Fernet(key) for key in self._keys])
        except ValueError:
            msg = (
                "[webwork] secret_key (or [core] fernet_key) is not a list of Fernet keys: each is 32 bytes in "
                "URL-safe base64."
            )
            raise WebWorkSecretError(msg) from None

    def _fingerprints(self) -> list[str]:
        self._fernet()
        return [hashlib.sha256(b"webwork key " + key.encode()).hexdigest()[:12] for key in self._keys]


def redact_text(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a text in which the given secrets and the keys of callback URLs read ``***``.

    :param secrets: what must not be seen; found in every form in which JSON, URLs and web forms write it.
    """
    return _CALLBACK.sub(rf"\1{MASK}", _Search(secrets).mask(text))


def redact_bytes(body: bytes, secrets: Iterable[str]) -> bytes:
    """Return a delivery's body in which the given secrets read ``***``, however they are written."""
    return _Search(secrets).mask(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def redact_json(value: JSON, secrets: Iterable[str], *, text: str | None = None) -> JSON:
    """Return JSON in which the given secrets, and every field named for one, read ``***``.

    Fields such as ``token`` are masked whatever they hold: a token that was registered a moment ago is not known
    to every receiver yet.

    :param text: the JSON that the value was read from, which spares writing it once more to search it.
    """
    search = _Search(secrets)
    return value if search.finds_nothing(_WRITTEN(value) if text is None else text) else _redacted(value, search)


def redact_webhook(answer: JSON) -> JSON:
    """Return an answer of WebWork in which webhooks have no ``token`` and callback URLs read ``/hooks/***``."""
    if isinstance(answer, list):
        return [redact_webhook(item) for item in answer]
    return redact_record(answer) if isinstance(answer, dict) else answer


def redact_record(record: dict[str, JSON]) -> dict[str, JSON]:
    """Return a record of WebWork as :func:`redact_webhook` does."""
    # Most values are plain, and exports have millions of them: those are spared a call.
    shown = {
        name: redact_webhook(value) if isinstance(value, (dict, list)) else value
        for name, value in record.items()
        if name != "token"
    }
    if isinstance(url := shown.get("url"), str):
        shown["url"] = redact_text(url)
    return shown


class _Search:
    """Looks for secrets in texts."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {secret for secret in secrets if len(secret) >= SHORTEST_REDACTED}
        # The longest first: a secret may be part of another.
        self._secrets = sorted(known | {secret.replace(" ", "+") for secret in known}, key=len, reverse=True)
        self._left = LONGEST_SEARCHED

    def mask(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        # Most deliveries escape nothing and are spared the slower search.
        if not self._secrets or not _may_escape(text):
            return text
        self._left -= len(text)
        if self._left >= 0:
            return self._encoded.sub(MASK, text)
        for form in self._usual_forms:
            text = text.replace(form, MASK)
        return text

    @cached_property
    def _usual_forms(self) -> list[str]:
        quoted = {quote(secret, safe="") for secret in self._secrets}
        escaped = {json.dumps(secret)[1:-1].replace("/", "\\/") for secret in self._secrets}
        return sorted(quoted | escaped, key=len, reverse=True)

    def finds_nothing(self, text: str) -> bool:
        """Whether a single look tells that JSON holds nothing to mask; most deliveries are done with that."""
        # Where nothing is escaped, names and texts stand as they are.
        if _may_escape(text) or any(secret in text for secret in self._secrets):
            return False
        small = text.lower()
        return not any(word in small for word in _SECRET_WORDS)

    @cached_property
    def _encoded(self) -> re.Pattern[str]:
        return re.compile("|".join("".join(map(_any_form, secret)) for secret in self._secrets))


def _may_escape(text: str) -> bool:
    return "\\" in text or "%" in text  # a pattern takes a hundred times as long to find neither


@lru_cache(maxsize=1024)  # of characters, not of secrets
def _any_form(character: str) -> str:
    """Return a pattern for a character as it is, percent-encoded or escaped by JSON: each encoder chooses anew."""
    forms = [re.escape(character)]
    forms.append("".join(f"{_PERCENT}{byte:02x}" for byte in character.encode("utf-8", "surrogatepass")))
    units = character.encode("utf-16-be", "surrogatepass")
    forms.append("".join(f"{_BACKSLASHES}u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2)))
    if character in _SHORT_ESCAPES:
        forms.append(_BACKSLASHES + _SHORT_ESCAPES[character])
    if character == "\\":
        forms[0] = _BACKSLASHES
    return f"(?:{forms[0]}|(?i:{'|'.join(forms[1:])}))"


def _redacted(value: JSON, search: _Search) -> JSON:
    if isinstance(value, str):
        return search.mask(value)
    if isinstance(value, list):
        return [_redacted(item, search) for item in value]
    if isinstance(value, dict):
        return {
            search.mask(name): MASK if _names_a_secret(name) and item is not None else _redacted(item, search)
            for name, item in value.items()
        }
    return value


def _names_a_secret(name: str) -> bool:
    # Forms write data.token as data[token], and a list of them as data[token][].
    return name.lower().removesuffix("[]").rstrip("]").rpartition("[")[2] in _SECRET_FIELDS
