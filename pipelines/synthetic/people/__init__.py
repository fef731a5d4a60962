"""Rendered people: skeleton, bodies, clothes, hair, textures, shading and camera."""
