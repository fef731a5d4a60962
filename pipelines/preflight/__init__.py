"""`gfla check`: what an animation will look like and take, before it is made."""
