"""Keypoint detectors by name: pictures in, COCO-17 poses out."""
