"""Parametric cars and chairs as meshes, on white, from any side, with the true flow between any two views."""

from pipelines.synthetic.objects.views import Objects, Views, sample_objects, sample_views

__all__ = ["Objects", "Views", "sample_objects", "sample_views"]
