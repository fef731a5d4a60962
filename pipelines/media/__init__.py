"""Media files in, timed frames out, and back: reading and writing of videos, pictures and sound."""
