"""The work of `gfla weights`: import and export of the authors' checkpoints, and networks run on tensors from files."""
