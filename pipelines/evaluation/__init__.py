"""Scores of generated pictures and videos, each with the convention it was computed by."""
