"""Rendered people: skeleton, build, body, clothes, hair, textures, shading and camera."""
