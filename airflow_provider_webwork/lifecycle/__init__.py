"""Webhooks at WebWork and endpoints in the event log, kept in agreement."""
