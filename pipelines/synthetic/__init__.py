"""The procedural world: people, clothes, motion, pictures and the true flow between them."""
