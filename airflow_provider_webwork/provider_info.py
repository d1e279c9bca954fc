"""What Airflow learns about this provider; plain data, made without importing Airflow.

Form fields are data since Airflow 3.2 (``airflow/provider_info.schema.json``, ``conn-fields``). A field whose type
does not include ``null`` is shown as required. Airflow masks values of extras by the names of their keys
(``airflow/_shared/secrets_masker``), so secret fields have to be named for what they are.
"""

from __future__ import annotations

from typing import Any

from airflow_provider_webwork import __version__
from airflow_provider_webwork.options import OPTIONS, SECTION

PACKAGE = "airflow_provider_webwork"


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata for Airflow's entry point ``apache_airflow_provider``."""
    return {
        "package-name": "airflow-provider-webwork",
        "name": "WebWork Time Tracker",
        "description": (
            "Call the WebWork Time Tracker API, keep its webhooks registered, and start or continue Dags on tracker "
            "events."
        ),
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": "WebWork Time Tracker",
                "external-doc-url": "https://api-docs.webwork-tracker.com",
                "tags": ["service"],
            }
        ],
        "hooks": [
            {
                "integration-name": "WebWork Time Tracker",
                "python-modules": [f"{PACKAGE}.hooks.webwork", f"{PACKAGE}.hooks.events"],
            }
        ],
        "operators": [
            {
                "integration-name": "WebWork Time Tracker",
                "python-modules": [
                    f"{PACKAGE}.operators.{name}"
                    for name in ("webhooks", "rotation", "events", "reconciliation", "api", "export")
                ],
            }
        ],
        "sensors": [{"integration-name": "WebWork Time Tracker", "python-modules": [f"{PACKAGE}.sensors.events"]}],
        "triggers": [
            {
                "integration-name": "WebWork Time Tracker",
                "python-modules": [f"{PACKAGE}.triggers.events", f"{PACKAGE}.triggers.consumers"],
            }
        ],
        # Without a handler the URIs of assets stay as they are; Airflow wants to be told so (AIP-60).
        "asset-uris": [{"schemes": ["webwork"], "handler": None}],
        "connection-types": [_connection_type()],
        "plugins": [{"name": "webwork", "plugin-class": f"{PACKAGE}.plugin.WebWorkPlugin"}],
        "cli": [f"{PACKAGE}.cli.definition.get_webwork_cli_commands"],
        "config": {SECTION: _config_section()},
    }


def _connection_type() -> dict[str, Any]:
    return {
        "connection-type": "webwork",
        "hook-class-name": f"{PACKAGE}.hooks.webwork.WebWorkHook",
        "hook-name": "WebWork Time Tracker",
        "ui-field-behaviour": {
            "hidden-fields": ["schema"],
            "relabeling": {
                "host": "Base URL",
                "login": "Client id (OAuth2) or login (v1)",
                "password": "Token, client secret or password",
                "port": "Port (if not in the base URL)",
            },
            "placeholders": {
                "host": "https://api.webwork-tracker.com/api/v2 (empty: WebWork's own)",
                "login": "empty for a personal access token; for v1 the account's e-mail address",
                "password": "WebWork: Settings > REST API > Personal Access Tokens, or OAuth2 Apps",
            },
        },
        "conn-fields": {
            "workspace_id": {
                "label": "Workspace id",
                "description": (
                    "The workspace that calls are about; nearly every v2 call needs it. Leave it empty and press "
                    "Test: the message lists the workspaces that the token sees."
                ),
                "schema": {"type": ["integer", "null"], "minimum": 1},
            },
            "api_version": {
                "label": "API version",
                "description": "v2 signs in with a personal access token or OAuth2, v1 with login and password.",
                "schema": {"type": ["string", "null"], "enum": ["v2", "v1"], "default": "v2"},
            },
            "auth_type": {
                "label": "Sign-in",
                "description": (
                    "Empty for a personal access token (v2) or login and password (v1). `client_credentials` and "
                    "`refresh_token` are the two ways of an OAuth2 application, whose id and secret go into the "
                    "fields above."
                ),
                "schema": {
                    "type": ["string", "null"],
                    "enum": [None, "personal_access_token", "client_credentials", "refresh_token", "basic"],
                },
            },
            "refresh_token": {
                "label": "OAuth2: refresh token",
                "description": (
                    "What WebWork gave when a member allowed the application to act for them. WebWork replaces it "
                    "when it is used; what replaces it is kept encrypted in the event log, so that `[webwork] "
                    "event_store_url` has to be set."
                ),
                "schema": {"type": ["string", "null"], "format": "password"},
            },
            "scope": {
                "label": "OAuth2: scope",
                "description": (
                    "What to ask for, separated by spaces: `read`, `write`, `admin`. Empty for all that was granted."
                ),
                "schema": {"type": ["string", "null"]},
            },
            "oauth_url": {
                "label": "OAuth2: URL of the token endpoint",
                "description": (
                    "Where tokens are given out. WebWork's documentation does not name it; empty for "
                    "https://webwork-tracker.com/oauth/token, a guess."
                ),
                "schema": {"type": ["string", "null"]},
            },
            "oauth_request": {
                "label": "OAuth2: how tokens are asked for",
                "description": (
                    "`form` (client id and secret in a form), `basic` (in an HTTP Basic header) or `json`. WebWork's "
                    "documentation does not say which; try another one if the application is not accepted."
                ),
                "schema": {"type": ["string", "null"], "enum": ["form", "basic", "json"], "default": "form"},
            },
            "requests_per_minute": {
                "label": "Requests a minute",
                "description": (
                    "How many requests may go in a minute. WebWork allows 60 to each member, which is the default for "
                    "v2. Lower it if others use the same account. At most 6,000."
                ),
                "schema": {"type": ["integer", "null"], "minimum": 1, "maximum": 6000},
            },
            "timeout": {
                "label": "Timeout",
                "description": "Seconds to wait for an answer of WebWork, at most 3,600.",
                "schema": {"type": ["number", "null"], "minimum": 0.1, "maximum": 3600, "default": 30},
            },
            "verify": {
                "label": "TLS certificate",
                "description": (
                    "`true` checks WebWork's certificate, a path names a CA bundle to check it with, `false` checks "
                    "nothing: never use that outside a test."
                ),
                "schema": {"type": ["string", "null"], "default": "true"},
            },
        },
    }


def _config_section() -> dict[str, Any]:
    return {
        "description": "WebWork Time Tracker: the event log, the receiver and the waiting for events.",
        "options": {
            option.name: {
                "description": option.description
                if option.default is None
                else f"{option.description} Default: `{option.default}`.",
                "version_added": option.version_added,
                "type": option.type,
                "example": option.example,
                "default": None,
                "sensitive": option.sensitive,
            }
            for option in OPTIONS
        },
    }
