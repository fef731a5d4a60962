"""Training recipes on rendered data; importable without the media and detector libraries."""
