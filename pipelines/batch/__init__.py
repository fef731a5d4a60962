"""Many jobs: a list of them, a journal that survives every crash, and executors that spread the work."""
