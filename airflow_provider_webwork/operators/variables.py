"""The Airflow Variable in which the receiver of somebody else finds the token of its webhook."""

from __future__ import annotations


def keep_token(variable: str, token: str) -> None:
    """Write a token into a Variable, unless it is there already, and keep it out of the log of the task."""
    from airflow.sdk import Variable
    from airflow.sdk.log import mask_secret

    mask_secret(token)
    if Variable.get(variable, default=None) != token:
        Variable.set(variable, token, description="Token of a WebWork webhook")
