"""Sensors that wait for tracker events."""
