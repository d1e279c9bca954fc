"""Who sent this: the ways in which a delivery is authenticated, as pure functions over its bytes."""
