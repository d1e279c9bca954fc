"""Triggers that wait for stored events, all on one poll of the event log."""
