"""Redirects: nobody follows them here, so that they may lead anywhere."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests


class LenientSession(requests.Session):
    """A session that gives back a redirect to what is no URL like any other answer.

    ``requests`` finds out where a redirect leads although it is not to follow it, and fails if it cannot (``send`` in
    ``requests/sessions.py``).
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where a redirect leads; ``None`` if that is no URL."""
        try:
            target = super().get_redirect_target(resp)
            _ = urlsplit(target or "").port  # raises for a port that is no number
        except ValueError:
            return None
        return target
