"""Training of the face animation generator."""
