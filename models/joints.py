"""The limbs of Human3.6M-17, which generators and pose layouts share (official format, section 9.3).

Numbers only, no torch: `pipelines.keypoints.layouts` imports them, and `models.generators.config` for the networks.
"""

H36M17_LIMBS = (
    (0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6), (0, 7), (7, 8), (8, 9), (9, 10), (8, 11), (11, 12), (12, 13),
    (8, 14), (14, 15), (15, 16),
)  # fmt: skip
"""Pairs of joints in drawing order."""
