"""Many jobs at once: what is to do, who does it, what became of it."""
