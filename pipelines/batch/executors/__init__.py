"""Executors run groups of jobs somewhere: on this machine (`local`) or on a cluster (`ray`)."""
