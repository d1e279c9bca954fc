"""`airflow webwork call` and `airflow webwork operations`"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from itertools import chain

from airflow_provider_webwork.api.operations import Operation, catalogue, nearest, operation
from airflow_provider_webwork.api.pages import read_page
from airflow_provider_webwork.cli.run import command
from airflow_provider_webwork.cli.table import show
from airflow_provider_webwork.cli.values import texts_by_name
from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.json_types import JSON


@command
def call(args: Namespace) -> None:
    """Call an operation and print what WebWork answers, or with ``--all`` every record of a listing."""
    if args.show_secrets and not sys.stdout.isatty():
        msg = "--show-secrets shows them on a terminal only, so that they end up in no file and no log."
        raise ValueError(msg)
    hook = WebWorkHook(args.conn_id)
    found = operation(hook.client.settings.api_version, args.operation)
    arguments = _arguments(found, args.arguments)
    caller = hook.client if args.show_secrets else hook
    if args.all:
        records = caller.iterate(found.name, **arguments)
        if args.output == "json":
            _print_list(records)
        else:
            show(_aligned(list(records), found.fields), output="table")
        return
    answer = caller.call(found.name, **arguments)
    if args.output == "json":
        print(json.dumps(answer, indent=2))
    else:
        _show_answer(answer, found)


@command
def list_operations(args: Namespace) -> None:
    """List the operations that can be called, all or those of a section."""
    known = [each for operations in catalogue().values() for each in operations.values()]
    section = None if args.section is None else _section(args.section, {each.section for each in known})
    chosen = [each for each in known if section in (None, each.section)]
    show([_described(each) if args.output == "json" else _row(each) for each in chosen], output=args.output)


def _section(text: str, known: set[str]) -> str:
    section = text.lower().replace("-", "_").replace(" ", "_")
    if section not in known:
        hint = nearest(section, known) or f" There are {', '.join(sorted(known))}."
        msg = f"WebWork's documentation has no section {text!r}.{hint}"
        raise ValueError(msg)
    return section


def _arguments(found: Operation, texts: Iterable[str]) -> dict[str, JSON]:
    """Read ``key=value``: the catalogue knows the type of each; numbers and dates stay the text that they are."""
    return {name: _value(found, name, text) for name, text in texts_by_name(texts).items()}


def _value(found: Operation, name: str, text: str) -> JSON:
    parameter = found.parameter(name)
    if parameter is None:
        return text if name == "workspace_id" else _json_or_text(text)
    if text == "null" and parameter.nullable:
        return None
    if not parameter.type.startswith("array["):
        return text
    listed = _json_or_text(text)
    return listed if isinstance(listed, list) else [each.strip() for each in text.split(",") if each.strip()]


def _json_or_text(text: str) -> JSON:
    try:
        value: JSON = json.loads(text)
    except ValueError:
        return text
    return value


def _show_answer(answer: JSON, found: Operation) -> None:
    if found.records_at is not None:
        page = read_page(answer, listing=found.name, records_at=found.records_at, lone_record=found.lone_record)
        show(_aligned(page.rows, found.fields), output="table")
        if page.last is not None and page.last > 1:
            print(f"This is one page of {page.last}; --all reads them all.", file=sys.stderr)
        return
    record = answer.get(found.record_at or "") if isinstance(answer, dict) else answer
    shown = record if isinstance(record, dict) else answer
    if isinstance(shown, dict):
        show([{"field": name, "value": value} for name, value in shown.items()], output="table")
    else:
        print(json.dumps(shown, indent=2))


def _aligned(records: Sequence[dict[str, JSON]], fields: Sequence[str]) -> list[dict[str, JSON]]:
    """Give all records the same columns: those that are documented first, in their order, then what else there is."""
    present = dict.fromkeys(chain.from_iterable(records))
    columns = [name for name in fields if name in present] + [name for name in present if name not in fields]
    return [{name: record.get(name) for name in columns} for record in records]


def _print_list(records: Iterable[JSON]) -> None:
    """Print a JSON list, each record when it comes."""
    separator = "["
    for record in records:
        print(f"{separator}\n{json.dumps(record)}", end="", flush=True)
        separator = ","
    print("[]" if separator == "[" else "\n]")


def _row(each: Operation) -> dict[str, JSON]:
    return {
        "operation": each.name,
        "request": f"{each.method} {each.path}",
        "arguments": " ".join(_shown_arguments(each)),
        "what it does": each.summary,
        "confidence": each.confidence,
    }


def _shown_arguments(each: Operation) -> list[str]:
    required = [parameter.argument for parameter in each.parameters if parameter.required]
    optional = [f"[{parameter.argument}]" for parameter in each.parameters if not parameter.required]
    return required + optional + (["[...]"] if each.unlisted else [])


def _described(each: Operation) -> dict[str, JSON]:
    return {
        "operation": each.name,
        "api_version": each.api_version,
        "section": each.section,
        "method": each.method,
        "path": each.path,
        "summary": each.summary,
        "workspace_id": list(each.workspace_id),
        "arguments": [
            {
                "name": parameter.argument,
                "in": parameter.place,
                "type": parameter.type,
                "required": parameter.required,
                "values": list(parameter.enum),
                "note": parameter.note,
            }
            for parameter in each.parameters
        ],
        "unlisted_arguments": each.unlisted,
        "lists_records": each.records_at is not None,
        "fields": list(each.fields),
        "confidence": each.confidence,
        "sources": list(each.sources),
        "note": each.note,
    }
