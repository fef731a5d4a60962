"""Parametric objects as meshes, rendered on white from any side, with the true flow between any two views.

Cars, chairs, sofas, tables and others, each in many styles: `classes` lists them.
"""

from pipelines.synthetic.objects.scene import Objects, sample_objects
from pipelines.synthetic.objects.views import Views, render, sample_views

__all__ = ["Objects", "Views", "render", "sample_objects", "sample_views"]
