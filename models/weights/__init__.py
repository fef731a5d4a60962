"""Weights files: saving, loading, and the catalogue of those that come with the package."""

from models.weights.bundled import resolve, verify
from models.weights.catalogue import Entry, catalogue
from models.weights.files import load_weights, read_metadata, save_weights

__all__ = ["Entry", "catalogue", "load_weights", "read_metadata", "resolve", "save_weights", "verify"]
