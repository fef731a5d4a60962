"""Views of an object: foreground, viewpoint, renderers, comparison with true views."""
