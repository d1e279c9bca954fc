"""What OpenLineage is told of a file; imported wherever operators are, so it imports OpenLineage only when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_webwork.operators.landing import is_local, storage_path

if TYPE_CHECKING:
    from airflow.providers.common.compat.openlineage.facet import OutputDataset

    from airflow_provider_webwork.json_types import JSON


def landed_dataset(path: str, *, rows: JSON, size: JSON) -> OutputDataset:
    """Name a file as OpenLineage names datasets (https://openlineage.io/docs/spec/naming), with what is in it.

    :param path: where it landed.
    :param rows: how many rows it has; ``None`` if that is not known.
    :param size: its size in bytes; likewise.
    """
    # The provider of OpenLineage, which alone asks, brings this one along.
    from airflow.providers.common.compat.openlineage.facet import OutputDataset, OutputStatisticsOutputDatasetFacet

    target = storage_path(path)
    facets = {"outputStatistics": OutputStatisticsOutputDatasetFacet(rowCount=rows, size=size)}
    if is_local(target):
        return OutputDataset(namespace="file", name=target.path, outputFacets=facets)
    return OutputDataset(namespace=target.namespace, name=target.key, outputFacets=facets)
