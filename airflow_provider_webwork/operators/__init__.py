"""Operators that keep webhooks registered."""
