"""Asking people: before something is lost, and for what nobody else may read."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from getpass import getpass
from pathlib import Path


def confirmed(args: Namespace, consequence: str) -> bool:
    """Whether the person agrees; ``--yes`` agrees beforehand.

    :raises ValueError: if nobody is there to ask, or nobody answers.
    """
    if args.yes:
        return True
    if not sys.stdin.isatty():
        msg = f"{consequence} Say so with --yes."
        raise ValueError(msg)
    # Not by input(), which asks where programs read the answer of a command if that is no terminal.
    print(f"{consequence} Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer:  # the end of the input, by Ctrl-D
        print(file=sys.stderr)
        raise ValueError("Nothing was changed.")
    return answer.strip().lower() in {"y", "yes"}


def hidden(args: Namespace, what: str) -> str:
    """Return a secret from a file, an environment variable or a prompt that shows nothing.

    Never from an argument: everybody on the machine can read the arguments of a process.

    :param what: what is asked for.
    :raises ValueError: if it is nowhere to be had.
    """
    if args.from_file:
        try:
            text = Path(args.from_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{args.from_file} cannot be read: {error.strerror if isinstance(error, OSError) else 'no UTF-8'}."
            raise ValueError(msg) from None
    elif args.from_variable:
        text = os.environ.get(args.from_variable, "")
    elif sys.stdin.isatty():
        text = _typed(what)
    else:
        msg = f"{what}: name an environment variable with --from-variable, or a file with --from-file."
        raise ValueError(msg)
    if not text.strip():
        msg = f"{what}: there is nothing in {args.from_file or args.from_variable or 'what was typed'}."
        raise ValueError(msg)
    return text.strip()


def _typed(what: str) -> str:
    try:
        return getpass(f"{what}: ")
    except EOFError:  # by Ctrl-D
        print(file=sys.stderr)
        return ""
