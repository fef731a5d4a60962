"""Training of the plate network."""
