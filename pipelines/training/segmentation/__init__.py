"""Training of the segmentation network: which pixels show the object in the foreground."""
