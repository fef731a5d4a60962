"""Putting frames together: paste-back and the full-resolution compositor."""
