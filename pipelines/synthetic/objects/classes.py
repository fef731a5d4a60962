"""The classes of objects."""

CLASSES = {"car": None, "chair": None}
