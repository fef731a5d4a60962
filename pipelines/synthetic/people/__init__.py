"""Rendered people: skeleton, body, clothes, hair, textures, shading, camera."""
