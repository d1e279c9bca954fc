"""`airflow webwork doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

import json
from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from airflow_provider_webwork.cli.escapes import escaped
from airflow_provider_webwork.cli.installation import Installed
from airflow_provider_webwork.cli.run import actor, command
from airflow_provider_webwork.lifecycle.doctor.examination import examine
from airflow_provider_webwork.lifecycle.doctor.finding import Finding, Verdict

_COLOURS: dict[Verdict, str] = {
    "good": "green",
    "warning": "yellow",
    "wrong": "red",
    "skipped": "bright_black",
    "fixed": "cyan",
}


@command
def doctor(args: Namespace) -> None:
    """Look at everything that has to work together; end with exit code 1 if something is wrong."""
    findings = examine(Installed(args.conn_id, actor=actor()), fix=args.fix)
    counts: Counter[Verdict] = Counter()
    if args.json:
        told = [*_counted(findings, counts)]
        print(json.dumps({"well": not counts["wrong"], "findings": [each.as_dict() for each in told]}, indent=2))
    else:
        _print(_counted(findings, counts))
        print(f"\n{', '.join(f'{counts[verdict]} {verdict}' for verdict in _COLOURS if counts[verdict])}.")
    if counts["wrong"]:
        raise SystemExit(1)


def _counted(findings: Iterable[Finding], counts: Counter[Verdict]) -> Iterator[Finding]:
    for finding in findings:
        counts[finding.verdict] += 1
        yield finding


def _print(findings: Iterable[Finding]) -> None:
    """Print each finding when it comes; rich colours on a terminal only, and not where ``NO_COLOR`` is set."""
    console = Console(soft_wrap=True, highlight=False, emoji=False)
    for each in findings:
        # Text is no markup: names come from people and from WebWork.
        told = f" {each.check:<15} {escaped(each.text)}"
        console.print(Text.assemble((f"{each.verdict:<8}", _COLOURS[each.verdict]), told))
        if each.remedy is not None:
            console.print(Text(f"{'':<9}{'':<15} -> {escaped(each.remedy)}"))
