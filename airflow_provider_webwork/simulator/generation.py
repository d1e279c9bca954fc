"""Which age of WebWork's pages is followed where they disagree."""

from __future__ import annotations

from typing import Literal, get_args

Generation = Literal["any", "old", "new"]
"""``old``: the pages below ``/v2`` of https://api-docs.webwork-tracker.com, which call the server "API Server" or
"Production Server". ``new``: the pages below ``/api``. ``any`` takes what either takes and answers as the new ones,
but for the listing of webhooks, of which the old page is the best known."""

GENERATIONS: tuple[Generation, ...] = get_args(Generation)
