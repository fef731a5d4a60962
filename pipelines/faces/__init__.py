"""Faces: landmarks, what the generator sees of them, and the square of a picture that it works on."""
