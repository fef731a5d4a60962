"""Joints, points and landmarks of people that generators, pose layouts and rendered people share.

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
"""Points of hands and feet that a structure map with details adds to the 17 joints, each with a heat map."""

HAND_POINTS = 21
"""Of a hand: the wrist, then from thumb to little finger, each from the palm to the tip."""

NAMED_HAND_POINTS = (5, 17, 12)
"""Those of a hand that are in `DETAIL_NAMES`, in that order: two knuckles and a tip."""

HAND_LIMBS = (
    (0, 1), (1, 2), (2, 3), (3, 4), (0, 5), (5, 9), (9, 13), (13, 17), (0, 17), (5, 6), (6, 7), (7, 8), (9, 10),
    (10, 11), (11, 12), (13, 14), (14, 15), (15, 16), (17, 18), (18, 19), (19, 20),
)  # fmt: skip
"""Pairs of points of a hand: from the wrist along the thumb, then the knuckles, then along each finger."""

DETAIL_POINTS = len(DETAIL_NAMES) + 2 * HAND_POINTS
"""Those of `DETAIL_NAMES`, then all of the left hand, then all of the right one."""

DETAIL_LIMBS = (
    (13, 17), (13, 18), (13, 19), (16, 20), (16, 21), (16, 22), (6, 23), (6, 24), (3, 25), (3, 26),
)  # fmt: skip
"""From the wrist or ankle of Human3.6M-17 to each of `DETAIL_NAMES`, which follow the 17 joints."""

STRUCTURE_CHANNELS = 20
"""Of a structure map of the 17 joints (official format, section 9.3)."""

DETAILED_STRUCTURES = tuple(STRUCTURE_CHANNELS + len(DETAIL_NAMES) + 4 + more for more in (0, 2))
"""Channels of a structure map with details: four more say whether hands, feet and depths are known, and the order of
limbs; two more show the fingers of the left and of the right hand. Earlier generators see less."""

DETAILED_CHANNELS = DETAILED_STRUCTURES[-1]
"""Of a structure map with all details there are."""

FACE_LINES = (
    tuple(range(17)),  # jaw
    tuple(range(17, 22)), tuple(range(22, 27)),  # right and left brow
    tuple(range(27, 31)), tuple(range(31, 36)),  # bridge and base of the nose
    (36, 37, 38, 39), (39, 40, 41, 36), (42, 43, 44, 45), (45, 46, 47, 42),  # upper and lower lids, right and left
    tuple(range(48, 55)), (54, 55, 56, 57, 58, 59, 48),  # outside of the upper and the lower lip
    (60, 61, 62, 63, 64), (64, 65, 66, 67, 60),  # inside of the upper and the lower lip
)  # fmt: skip
"""Lines through the 68 landmarks of a face (iBUG 300-W order), each a channel of a layered face's structure map."""

FACE_OPENINGS = (tuple(range(60, 68)), tuple(range(36, 42)), tuple(range(42, 48)))
"""Outlines of the inner mouth, the right and the left eye, clockwise in the picture: a channel each after the lines."""

FACE_LANDMARKS = 68

FACE_IRISES = (FACE_LANDMARKS, FACE_LANDMARKS + 1)
"""Points after the 68 landmarks of faces of which is known where they look: the middles of the right and left iris."""

FACE_STRUCTURES = tuple(len(FACE_LINES) + more for more in (0, len(FACE_OPENINGS), len(FACE_OPENINGS) + 1))
"""Channels of a layered face's structure map: of lines, of lines and openings, and of those and both irises. Earlier
generators see less."""

FACE_CHANNELS = FACE_STRUCTURES[-1]
"""Of a layered face's structure map with all there is."""

FACE_LIMBS = (
    (0, 4), (4, 8), (8, 12), (12, 16),  # jaw
    (17, 19), (19, 21), (22, 24), (24, 26),  # brows
    (27, 30), (31, 35),  # nose
    (36, 39), (37, 38), (40, 41), (42, 45), (43, 44), (46, 47),  # eyes and their lids
    (48, 51), (51, 54), (54, 57), (57, 48), (60, 62), (62, 64), (64, 66), (66, 60),  # lips
    (27, 8), (0, 16), (36, 45), (17, 26),  # the whole face
    (8, 8), (27, 27), *((iris, iris) for iris in FACE_IRISES),
)  # fmt: skip
"""Pairs of landmarks and irises whose rigid motion the flow of a layered face can follow (`models.limbs`)."""
