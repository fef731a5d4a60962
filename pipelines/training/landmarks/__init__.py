"""Training of the landmark network."""
