"""Weights files: saving and loading them, and the catalogue of the weights that have a name."""

from models.weights.bundled import resolve
from models.weights.catalogue import Entry, catalogue, verify, verify_bundled
from models.weights.files import load_weights, read_metadata, save_weights

__all__ = ["Entry", "catalogue", "load_weights", "read_metadata", "resolve", "save_weights", "verify", "verify_bundled"]
