"""Operators: webhooks as they should be, calls and exports of the API, files of stored events."""
