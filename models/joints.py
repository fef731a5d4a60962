"""Joints and points of people that generators, pose layouts and rendered people share.

Numbers and names only, no torch: `pipelines.keypoints.layouts` imports them, `pipelines.synthetic.people`, and
`models.generators.config` for the networks.
"""

H36M17_LIMBS = (
    (0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6), (0, 7), (7, 8), (8, 9), (9, 10), (8, 11), (11, 12), (12, 13),
    (8, 14), (14, 15), (15, 16),
)  # fmt: skip
"""Pairs of Human3.6M-17 joints in drawing order (official format, section 9.3)."""

DETAIL_NAMES = (
    "left_index_base", "left_little_base", "left_middle_tip", "right_index_base", "right_little_base",
    "right_middle_tip", "left_heel", "left_big_toe", "right_heel", "right_big_toe",
)  # fmt: skip
"""Points of hands and feet that a structure map with details adds to the 17 joints."""

STRUCTURE_CHANNELS = 20
"""Of a structure map of the 17 joints (official format, section 9.3)."""

DETAILED_CHANNELS = STRUCTURE_CHANNELS + len(DETAIL_NAMES) + 4
"""Of a structure map with details: four more say whether hands, feet and depths are known, and the order of limbs."""
