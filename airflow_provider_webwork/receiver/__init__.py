"""Deliveries become events: a raw ASGI application that answers 2xx only for what is on disk."""
