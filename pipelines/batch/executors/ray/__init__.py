"""Jobs as tasks of a Ray cluster."""
