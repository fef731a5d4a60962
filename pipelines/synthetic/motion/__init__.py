"""Motion of rendered people: poses over time from actions of arms and legs, solved into joint rotations."""
