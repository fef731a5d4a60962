"""Files in, timed frames out, and back: reading, writing, sound, pictures and paste-back."""
