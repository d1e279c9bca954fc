"""Write the README's table of the API's sections from the catalogue: ``python -m docs.sections``."""

from __future__ import annotations

import re
from pathlib import Path

from airflow_provider_webwork.api.operations import Operation, catalogue

README = Path(__file__).parents[1] / "README.md"
_PLACE = re.compile(r"(<!-- sections of the API -->\n).*?(<!-- end -->)", re.DOTALL)


def with_table(text: str) -> str:
    """Return a document with the table of today in the place that is marked for it.

    :raises ValueError: if no place is marked.
    """
    if not _PLACE.search(text):
        raise ValueError("There are no marks around the table of sections.")
    return _PLACE.sub(lambda found: f"{found[1]}{table()}{found[2]}", text)


def table() -> str:
    """Return the sections of both APIs with the number of their operations, as a Markdown table."""
    known = [each for operations in catalogue().values() for each in operations.values()]
    sections = dict.fromkeys(each.section for each in known)
    rows = [_row(section, [each for each in known if each.section == section]) for section in sections]
    total = (*_row("all", known)[:3], "")
    heading = ("section", "v2", "v1", "of these WebWork's pages only name, so that method and path are guesses")
    lines = [heading, ("---", "--:", "--:", "---"), *rows, total]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _row(section: str, operations: list[Operation]) -> tuple[str, str, str, str]:
    count = {version: sum(each.api_version == version for each in operations) for version in ("v2", "v1")}
    guessed = ", ".join(f"`{each.name}`" for each in operations if each.confidence == "named_only")
    return section.replace("_", " "), str(count["v2"] or ""), str(count["v1"] or ""), guessed


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
