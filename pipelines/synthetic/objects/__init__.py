"""Parametric cars and chairs as meshes, rendered on white from any side, with the true flow between any two views."""

from pipelines.synthetic.objects.scene import Objects, sample_objects
from pipelines.synthetic.objects.views import Views, render, sample_views

__all__ = ["Objects", "Views", "render", "sample_objects", "sample_views"]
