"""Asking before something is lost."""

from __future__ import annotations

import sys
from argparse import Namespace


def confirmed(args: Namespace, consequence: str) -> bool:
    """Whether the person agrees; ``--yes`` agrees beforehand.

    :raises ValueError: if nobody is there to ask.
    """
    if args.yes:
        return True
    if not sys.stdin.isatty():
        msg = f"{consequence} Say so with --yes."
        raise ValueError(msg)
    return input(f"{consequence} Go on? [y/N] ").strip().lower() in {"y", "yes"}
