"""What `bake` takes from MakeHuman's body: groups of the mesh, bones, local changes and facial actions.

Names are MakeHuman's; "*" stands for the side, "r" or "l" (bones: "R" or "L").
"""

# Groups of the base mesh that are kept; the others are helpers for fitting clothes.
GROUPS = ("body", "helper-l-eye", "helper-r-eye", "helper-tongue", "helper-upper-teeth", "helper-lower-teeth")

_FINGER_NUMBERS = {"thumb": 1, "index": 2, "middle": 3, "ring": 4, "little": 5}

# MakeHuman's bone of each bone of `body_bones`. A bone that is not named here moves with its nearest ancestor that is.
TRUNK_BONES = {
    "pelvis": "root",
    **{f"spine_{index}": f"spine0{6 - index}" for index in range(1, 6)},
    **{f"neck_{index}": f"neck0{index}" for index in range(1, 4)},
    "head": "head",
}
SIDE_BONES = {
    "clavicle": "clavicle", "scapula": "shoulder01",
    "upper_arm_1": "upperarm01", "upper_arm_2": "upperarm02",
    "forearm_1": "lowerarm01", "forearm_2": "lowerarm02", "hand": "wrist",
    **{f"{name}_{joint}": f"finger{n}-{joint}" for name, n in _FINGER_NUMBERS.items() for joint in (1, 2, 3)},
    "buttock": "pelvis", "thigh_1": "upperleg01", "thigh_2": "upperleg02",
    "shin_1": "lowerleg01", "shin_2": "lowerleg02", "foot": "foot", "toes": "toe2-1", "eye": "eye",
}  # fmt: skip
TOES = tuple(f"toe{number}-1" for number in range(1, 6))  # all toes move as one

# Local changes that people are drawn with: the targets of the positive and of the negative end of each axis.
LOCAL_AXES = tuple(
    (f"{name}-{positive}", f"{name}-{negative}")
    for positive, negative, names in (
        ("incr", "decr", (
            "*-cheek-bones", "*-cheek-inner", "*-cheek-volume", "chin-bones", "chin-height", "chin-prominent",
            "chin-width", "chin-jaw-drop", "*-ear-scale", "*-ear-wing", "*-eye-bag", "*-eye-height2", "*-eye-scale",
            "forehead-temple", "head-fat",
            "head-scale-depth", "head-scale-horiz", "mouth-lowerlip-volume", "mouth-scale-horiz",
            "mouth-upperlip-volume", "neck-double", "measure-neck-circ", "nose-flaring", "nose-greek", "nose-hump",
            "nose-point-width", "nose-scale-depth", "nose-scale-horiz", "nose-scale-vert", "nose-volume",
            "nose-width2", "buttocks-volume", "hip-scale-horiz", "stomach-tone", "torso-vshape",
            "measure-shoulder-dist", "measure-waist-circ", "measure-upperarm-length", "measure-lowerarm-length",
            "measure-upperleg-height", "measure-lowerleg-height", "*-hand-fingers-length", "*-hand-scale",
            "*-foot-scale", "*-upperarm-muscle", "*-lowerleg-muscle",
        )),
        ("up", "down", (
            "eyebrows-angle", "eyebrows-trans", "*-eye-corner1", "*-eye-corner2", "*-eye-eyefold", "*-eye-trans",
            "mouth-angles", "mouth-trans", "nose-base", "nose-point", "nose-trans", "breast-trans",
        )),
        ("out", "in", ("*-eye-trans", "*-eye-epicanthus")),
        ("forward", "backward", ("eyebrows-trans", "mouth-trans", "nose-trans", "*-ear-rot")),
        ("convex", "concave", ("nose-curve",)),
    )
    for name in names
)  # fmt: skip

# Where hair grows: y (m) above which skin of the head is scalp, at these z (m) of the base mesh; ears are left out.
HAIRLINE_Z, HAIRLINE_Y = (-0.1, -0.02, 0.02, 0.06, 0.08, 0.11, 0.2), (0.66, 0.668, 0.70, 0.73, 0.765, 0.79, 0.79)
# Targets that turn ears outwards, and how far (m) they move what is an ear.
EAR_TARGETS, EAR_MOVED = ("local_change:r-ear-wing-incr", "local_change:l-ear-wing-incr"), 0.003

# Vertices of the base mesh at points of the skin, on the right half; a point with several is their mean.
FACE_MIDDLE = {8: 5225, 27: 132, 28: 131, 29: 201, 30: 5054, 33: 317, 51: 467, 57: 492, 62: 537, 66: 540}
FACE_RIGHT = {
    0: 867, 1: 5098, 2: 869, 3: 895, 4: 893, 5: 3698, 6: 5294, 7: 5292,  # jaw
    17: 255, 18: 206, 19: 204, 20: 205, 21: 208,  # brow
    31: 286, 32: 285,  # nostril
    36: 1089, 37: 1083, 38: 1099, 39: 1103, 40: 1096, 41: 1093,  # eye
    48: 402, 49: 5352, 50: 461, 58: 480, 59: 406,  # outer lips
    60: 527, 61: 5359, 67: 535,  # inner lips
}  # fmt: skip
# What a point of the face becomes in a mirror (iBUG's order of 68).
FACE_MIRROR = {
    **{index: 16 - index for index in range(8)}, **{17 + index: 26 - index for index in range(5)},
    31: 35, 32: 34, 36: 45, 37: 44, 38: 43, 39: 42, 40: 47, 41: 46,
    48: 54, 49: 53, 50: 52, 58: 56, 59: 55, 60: 64, 61: 63, 67: 65,
}  # fmt: skip
SKIN_POINTS = {
    "crown": (881, 881),
    "chin": (747, 747),
    "*_ear": (5433, 5439),
    "*_heel": (5845, 6218),
    "*_toe": (4933, 4973),
}
# Outer contour of the right half of the lips, and the z (m) behind which nothing belongs to them.
LIP_CONTOUR, LIP_DEPTH = (402, 5352, 461, 467, 492, 480, 406), 0.13
