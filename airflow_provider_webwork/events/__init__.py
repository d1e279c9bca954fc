"""The durable event log: what WebWork told us, in the order in which it was stored."""
