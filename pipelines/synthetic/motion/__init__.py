"""Motion of rendered people: timelines, inverse kinematics, actions of arms and legs."""
