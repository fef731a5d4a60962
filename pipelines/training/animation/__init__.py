"""Training of the animation generator."""
