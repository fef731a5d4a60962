"""Rendered talking heads with exact landmarks, for the training of face animation."""
