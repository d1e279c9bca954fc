"""Measurements of the event log, each beside what it is to be compared with in the same run."""
