"""One object seen from all sides: foreground, viewpoint, renderers, outputs, comparison with true views."""
