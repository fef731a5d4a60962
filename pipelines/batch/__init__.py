"""`gfla batch`: many jobs, a journal that survives every crash, and executors that spread the work."""
