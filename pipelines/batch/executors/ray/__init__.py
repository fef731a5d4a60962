"""Jobs as tasks of a Ray cluster: connection and nodes, tasks, and files between machines without shared storage."""
