"""Training of the viewpoint network."""
