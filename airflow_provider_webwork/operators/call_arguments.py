"""What users write down for a call of the API and for the file that it fills: checked like all other arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from airflow_provider_webwork.files.formats import Layout


def usable_operation(operation: object) -> str:
    """Return the name of an operation. Which there are is known when the task runs: reading them all takes too long.

    :raises ValueError: if it cannot be a name.
    """
    if not isinstance(operation, str) or not operation.strip():
        msg = "operation must be the name of an operation, such as getMembers; `airflow webwork operations` lists them."
        raise ValueError(msg)
    return operation.strip()


def usable_arguments(arguments: object) -> dict[str, object]:
    """Return the arguments of an operation by their names; none for ``None``.

    :raises ValueError: if they are not a mapping with names.
    """
    if arguments is None:
        return {}
    if not isinstance(arguments, Mapping) or not all(isinstance(name, str) for name in arguments):
        msg = "arguments must be a mapping of names to values, such as {'user_id': 7}."
        raise ValueError(msg)
    return dict(arguments)


def usable_each(each: object, *, arguments: Mapping[str, object]) -> dict[str, list[object]]:
    """Return the lists of arguments to fan out over; none for ``None``.

    :param arguments: those that are the same in every call.
    :raises ValueError: if it is not a mapping of names to lists, or an argument is in both.
    """
    lists: dict[str, list[object]] = {}
    for name, values in usable_arguments(each).items():
        if not isinstance(values, Iterable) or isinstance(values, (str, bytes, Mapping)):
            msg = (
                f"each: {name} must be a list of values, not {type(values).__name__}. A template renders text; pass "
                "the output of a task as it is, such as each={'user_id': users()}."
            )
            raise ValueError(msg)
        if name in arguments:
            msg = f"{name} is in arguments and in each: give it once."
            raise ValueError(msg)
        lists[name] = list(values)
    return lists


def usable_layout(format: object, *, compression: object, columns: object) -> Layout:  # noqa: A002
    """Return what a file is to look like.

    :raises ValueError: naming the argument that is not usable.
    """
    if not isinstance(format, str) or not (compression is None or isinstance(compression, str)):
        msg = "format and compression must be names, such as 'csv' and 'gzip'."
        raise ValueError(msg)
    names = () if isinstance(columns, str) or not isinstance(columns, Iterable) else tuple(columns)
    types = dict(columns) if isinstance(columns, Mapping) else {}
    if not all(isinstance(text, str) for text in (*names, *types.values())):
        names = ()
    return Layout(format=format, compression=compression, columns=None if columns is None else names, types=types)
