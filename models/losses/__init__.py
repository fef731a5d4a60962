"""Training losses: tensors in, scalars out."""
