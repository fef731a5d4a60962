"""Complete generators, one file per task."""
