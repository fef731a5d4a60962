"""Poses: detection, pose tracks and their files, selection of a person, cleaning, retargeting, structure maps."""
