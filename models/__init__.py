"""Networks and tensor operations of GFLA: tensors in, tensors out."""
