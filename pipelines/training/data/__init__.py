"""Batches, augmentation and structure maps of training data."""
