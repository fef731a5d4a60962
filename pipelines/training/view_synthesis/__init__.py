"""Training of the view-synthesis generator."""
