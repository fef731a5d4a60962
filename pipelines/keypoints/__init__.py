"""Poses: extraction, track files, cleaning, retargeting, structure maps."""
