"""Rendered talking heads with exact landmarks."""
