"""Secrets to look for in everything that is kept or shown, in every form in which they could be written."""

import base64
import json
import sqlite3
from configparser import RawConfigParser
from contextlib import closing, suppress
from urllib.parse import quote

import psutil
from cryptography.fernet import Fernet


def forms(secret):
    """Return the secret as it is, as URLs and JSON write it, and as it looks in base64, wherever that begins."""
    encoded = [
        # What stands before moves the groups of three bytes; the characters at the edges depend on the neighbours.
        base64.b64encode(b" " * before + secret.encode())[2 * before : -4].decode()
        for before in range(3)
    ]
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], *encoded}


def found(secrets, text):
    """Return the names of the secrets that a text holds."""
    return {name for name, secret in secrets.items() if any(form in text for form in forms(secret))}


def every_value(path):
    """Return every value of every column of an SQLite database, as one text for each table."""
    with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=30)) as database:
        database.text_factory = bytes
        tables = [name.decode() for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: _rows(database, table) for table in tables}


def decrypted_triggers(home):
    """Return what the rows of all triggers hold; Airflow encrypts their arguments with the key of its configuration."""
    options = RawConfigParser()
    options.read(home / "airflow.cfg")
    fernet = Fernet(options["core"]["fernet_key"])
    rows = every_value(home / "airflow.db")["trigger"].splitlines()
    return "\n".join(fernet.decrypt(row).decode() if row.startswith("gAAAA") else row for row in rows)


def every_file(folder):
    """Return the bytes of every file in a folder and below, as one text."""
    texts = []
    for path in sorted(folder.rglob("*")):
        with suppress(FileNotFoundError):  # SQLite removes files of its own when it likes
            texts += [path.read_bytes().decode("latin-1")] if path.is_file() else []
    return "\n".join(texts)


def command_lines():
    """Return the command lines of this process and of all that descend from it."""
    here, lines = psutil.Process(), []
    for process in [here, *here.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):  # some come and go, as those of a database
            lines.append(process.cmdline())
    return json.dumps(lines)


def _rows(database, table):
    values = (value for row in database.execute(f'SELECT * FROM "{table}"') for value in row)
    return "\n".join(value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in values)
