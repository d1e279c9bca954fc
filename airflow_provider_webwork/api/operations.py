"""The catalogue of documented WebWork operations, as typed values.

The facts live in ``operations.yaml``; this module reads them once, when the first operation is looked up.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_webwork.api.wire import BodyFormat

APIVersion: TypeAlias = Literal["v2", "v1"]
Method: TypeAlias = Literal["GET", "POST", "PUT", "DELETE"]
Place: TypeAlias = Literal["query", "path", "body"]
ValueType: TypeAlias = Literal[
    "integer", "number", "string", "boolean", "date", "datetime", "time", "array[integer]", "array[string]"
]
Paging: TypeAlias = Literal["none", "unknown", "max_rows", "meta_pagination", "top_level_pagination"]
Confidence: TypeAlias = Literal["documented", "partly_documented", "named_only", "code_only"]
Catalogue: TypeAlias = Mapping[APIVersion, Mapping[str, "Operation"]]

FIXED_PAGE_SIZE = 50
"""Rows a page where ``per_page`` does not exist (https://www.webwork-tracker.com/rest-api/doc/webhooks)."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One documented parameter of an operation.

    :param name: as WebWork spells it, such as ``webhookId``.
    :param argument: as callers of this package spell it, such as ``webhook_id``.
    :param place: where it travels.
    :param type: what it must be.
    :param required: whether the call is refused without it.
    :param nullable: whether ``None`` is sent as null; otherwise ``None`` means not given.
    :param default: what WebWork assumes; never sent.
    :param minimum: the smallest documented value; smaller ones are refused.
    :param maximum: the largest documented value; larger ones are refused.
    :param enum: the documented values; others are sent too, with a warning.
    :param note: what else the documentation says.
    """

    name: str
    argument: str
    place: Place
    type: ValueType
    required: bool = False
    nullable: bool = False
    default: str | int | None = None
    minimum: int | None = None
    maximum: int | None = None
    enum: tuple[str | int, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One documented operation of the WebWork API.

    :param name: the name to call it by, such as ``getMembers``.
    :param api_version: the API it belongs to.
    :param section: the part of the documentation it belongs to.
    :param method: HTTP method.
    :param path: path below the base URL, with ``{name}`` for path parameters.
    :param summary: what it does.
    :param workspace_id: the places that carry the workspace id; empty if the operation takes none.
    :param parameters: all others.
    :param unlisted: where arguments beyond ``parameters`` go, because WebWork's pages do not show them all; ``None``
        where they do, and others are refused.
    :param body_formats: the body encodings that WebWork takes, the default first.
    :param paging: the documented shape of its pages.
    :param records_at: the key of a list of records, ``"$"`` for the whole answer; ``None`` if it lists none.
    :param lone_record: whether a single object may come in place of that list, and then is its only record.
    :param record_at: the key of one record, ``"$"`` for the whole answer; ``None`` if it answers with none.
    :param fields: the names in a record, as far as they are documented; those of secrets are left out.
    :param answers: what a success looks like where it is unusual.
    :param confidence: how well the public documentation supports this entry.
    :param sources: the pages it was read from.
    :param note: anything else worth knowing.
    """

    name: str
    api_version: APIVersion
    section: str
    method: Method
    path: str
    summary: str
    workspace_id: tuple[Place, ...]
    parameters: tuple[Parameter, ...]
    unlisted: Literal["query", "body"] | None
    body_formats: tuple[BodyFormat, ...]
    paging: Paging
    records_at: str | None
    lone_record: bool
    record_at: str | None
    fields: tuple[str, ...]
    answers: str
    confidence: Confidence
    sources: tuple[str, ...]
    note: str

    @property
    def has_body(self) -> bool:
        """Whether its requests carry a body."""
        places = {*self.workspace_id, self.unlisted, *(each.place for each in self.parameters)}
        return "body" in places

    def parameter(self, argument: str) -> Parameter | None:
        """Find the parameter behind an argument; ``None`` if the operation has none of that name."""
        return next((each for each in self.parameters if each.argument == argument), None)


def operation(api_version: APIVersion, name: str) -> Operation:
    """Look up an operation by name.

    :param api_version: ``"v2"`` or ``"v1"``.
    :param name: its name in the catalogue, such as ``getMembers``.
    :raises ValueError: if there is none; the text names the nearest ones.
    """
    operations = catalogue()[api_version]
    if name in operations:
        return operations[name]
    elsewhere = [other for other, known in catalogue().items() if name in known]
    hint = f" It belongs to API {elsewhere[0]}." if elsewhere else nearest(name, operations)
    raise ValueError(
        f"WebWork API {api_version} has no operation {name!r} in the catalogue.{hint} "
        "request(method, path) reaches what the catalogue lacks."
    )


@functools.cache
def catalogue() -> Catalogue:
    """Read every known operation, by API version and name."""
    # Dag files import this package; only those that call the API pay for a YAML parser.
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # PyYAML can be built without libyaml, ten times slower
    text = resources.files(__package__).joinpath("operations.yaml").read_text("utf-8")
    rows = cast("dict[APIVersion, dict[str, _OperationRow]]", loader(text).get_single_data())
    return MappingProxyType(
        {
            version: MappingProxyType({name: _operation(version, name, row) for name, row in named.items()})
            for version, named in rows.items()
        }
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """Suggest the known names closest to an unknown one, as a sentence to append to an error.

    :param name: what was asked for.
    :param known: what there is.
    """
    by_lower = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(by_lower[each] for each in close)}?" if close else ""


_ParameterRow = TypedDict(
    "_ParameterRow",
    {
        "name": str,
        "in": Place,
        "type": ValueType,
        "required": bool,
        "nullable": bool,
        "default": str | int | None,
        "minimum": int | None,
        "maximum": int | None,
        "enum": list[str | int],
        "note": str,
    },
    total=False,
)


class _OperationRow(TypedDict, total=False):
    section: str
    request: str
    summary: str
    workspace_id: list[Place]
    parameters: list[_ParameterRow]
    unlisted: Literal["query", "body"]
    body: list[BodyFormat]
    paging: Paging
    records: str
    lone_record: bool
    record: str
    fields: list[str]
    answers: str
    confidence: Confidence
    sources: list[str]
    note: str


def _operation(version: APIVersion, name: str, row: _OperationRow) -> Operation:
    method, path = row["request"].split()
    return Operation(
        name=name,
        api_version=version,
        section=row["section"],
        method=cast("Method", method),
        path=path,
        summary=row["summary"],
        workspace_id=tuple(row.get("workspace_id", ())),
        parameters=tuple(_parameter(each) for each in row.get("parameters", ())),
        unlisted=row.get("unlisted"),
        body_formats=tuple(row.get("body", ("json",))),
        paging=row["paging"],
        records_at=row.get("records"),
        lone_record=row.get("lone_record", False),
        record_at=row.get("record"),
        fields=tuple(row.get("fields", ())),
        answers=row.get("answers", ""),
        confidence=row["confidence"],
        sources=tuple(row["sources"]),
        note=row.get("note", ""),
    )


def _parameter(row: _ParameterRow) -> Parameter:
    return Parameter(
        name=row["name"],
        argument=re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", row["name"]).lower(),
        place=row["in"],
        type=row["type"],
        required=row.get("required", False),
        nullable=row.get("nullable", False),
        default=row.get("default"),
        minimum=row.get("minimum"),
        maximum=row.get("maximum"),
        enum=tuple(row.get("enum", ())),
        note=row.get("note", ""),
    )
