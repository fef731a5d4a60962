"""`gfla weights`: the authors' checkpoints in and out, networks fed from files."""
