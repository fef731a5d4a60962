"""Styles of chairs: their measures, and what support, seat, back and arms they have.

`chair_measures.Chair` draws from them. Lengths in metres, the tilt of the back in radians,
        each from lowest to highest;
parts are names with their weights.
"""

from dataclasses import dataclass

SUPPORTS = ("legs", "turned", "square", "sled", "cantilever", "star", "pedestal", "trumpet", "rockers", "crossed",
            "plinth", "panels", "wires", "none")  # fmt: skip
SEATS = ("board", "cushion", "disc", "caned", "slats", "shell", "bucket", "sling", "block", "bag", "wires")
BACKS = ("none", "panel", "split", "slats", "ladder", "lattice", "spindles", "hoop", "frame", "wing", "wrap",
         "pillow", "stem")  # fmt: skip
ARMS = ("none", "rest", "tube", "T", "solid", "rolled", "loop", "scroll")
Range = tuple[float, float]
Weights = dict[str, float]


@dataclass(frozen=True)
class ChairStyle:
    """What the chairs of a style have in common."""

    weight: float
    """How often it is drawn."""
    support: Weights
    """Of `SUPPORTS`."""
    seat: Weights
    """Of `SEATS`."""
    backrest: Weights
    """Of `BACKS`."""
    arms: Weights
    """Of `ARMS`."""
    height: Range = (0.42, 0.5)
    """Of the top of the seat."""
    width: Range = (0.38, 0.52)
    """Of the seat."""
    depth: Range = (0.38, 0.5)
    """Of the seat."""
    thick: Range = (0.015, 0.05)
    """Of the seat."""
    back: Range = (0.36, 0.6)
    """Length of the back above the seat."""
    tilt: Range = (0.02, 0.22)
    """Of the back, from upright."""
    soft: float = 0.0
    """Share that is upholstered."""


MEASURES = ("height", "width", "depth", "thick", "back", "tilt")
_BOARDS = {"board": 2.0, "cushion": 1.5, "caned": 0.6, "slats": 0.4}
_WOODEN_BACKS = {"panel": 1.5, "split": 1, "slats": 1.5, "ladder": 1.2, "lattice": 0.8, "frame": 0.8, "spindles": 0.5}
_SOME_ARMS = {"none": 2.5, "rest": 1, "tube": 0.5, "loop": 0.4}

CHAIR_STYLES = {
    "dining": ChairStyle(
        4, {"legs": 2, "square": 2, "turned": 1}, _BOARDS, _WOODEN_BACKS, {"none": 5, "rest": 1}, soft=0.3
    ),
    "upholstered": ChairStyle(
        2, {"legs": 1.5, "square": 2, "turned": 1}, {"cushion": 1}, {"panel": 1},
        {"none": 3, "rest": 1, "scroll": 0.5},
        thick=(0.06, 0.13), back=(0.45, 0.7), soft=1,
    ),
    "ladder-back": ChairStyle(
        1, {"turned": 2, "legs": 1}, {"caned": 2, "board": 1}, {"ladder": 1}, {"none": 3, "rest": 1}, back=(0.5, 0.75)
    ),
    "split-back": ChairStyle(1, {"legs": 1, "sled": 1}, {"board": 1, "cushion": 1}, {"split": 1}, _SOME_ARMS),
    "slat-back": ChairStyle(1.2, {"legs": 1, "square": 1}, _BOARDS, {"slats": 1}, {"none": 2, "rest": 1}),
    "caned": ChairStyle(0.8, {"legs": 1, "turned": 1, "cantilever": 1}, {"caned": 1}, {"frame": 1}, _SOME_ARMS),
    "windsor": ChairStyle(
        0.8, {"turned": 2, "legs": 1, "rockers": 0.4}, {"board": 1, "disc": 0.5}, {"spindles": 1},
        {"none": 2, "rest": 1}, thick=(0.03, 0.05), back=(0.42, 0.65),
    ),
    "bistro": ChairStyle(
        0.8, {"legs": 1}, {"disc": 2, "caned": 1}, {"hoop": 1}, {"none": 3, "loop": 1}, width=(0.38, 0.44),
        thick=(0.02, 0.04)
    ),
    "cantilever": ChairStyle(
        1.2, {"cantilever": 1}, {"board": 1, "cushion": 1, "sling": 1, "shell": 1}, {"panel": 2, "frame": 1},
        {"none": 1, "loop": 1, "rest": 0.5}, soft=0.4,
    ),
    "sled": ChairStyle(1, {"sled": 1}, {"shell": 2, "board": 1, "cushion": 1}, {"panel": 1}, _SOME_ARMS, soft=0.2),
    "shell": ChairStyle(
        1.6, {"legs": 1.5, "wires": 1, "star": 0.8, "pedestal": 0.5, "rockers": 0.4}, {"shell": 1.5, "bucket": 2},
        {"none": 1},
        {"none": 1}, height=(0.38, 0.48), width=(0.42, 0.6), depth=(0.38, 0.52), back=(0.34, 0.55), tilt=(0.1, 0.35),
    ),
    "wire": ChairStyle(
        0.5, {"sled": 1, "wires": 1}, {"wires": 1}, {"none": 1}, {"none": 1}, width=(0.45, 0.6), tilt=(0.1, 0.35)
    ),
    "folding": ChairStyle(
        1, {"crossed": 1}, {"board": 2, "slats": 1, "cushion": 1}, {"panel": 1.5, "ladder": 1, "slats": 0.6},
        {"none": 4, "rest": 1},
        thick=(0.015, 0.03), back=(0.3, 0.45), tilt=(0.1, 0.3),
    ),
    "rocker": ChairStyle(
        0.8, {"rockers": 1}, _BOARDS, {"slats": 1, "spindles": 1, "ladder": 1, "panel": 0.6}, {"rest": 3, "none": 1},
        height=(0.36, 0.44), back=(0.5, 0.75), tilt=(0.15, 0.4),
    ),
    "swivel": ChairStyle(
        1.2, {"star": 1}, {"cushion": 1, "board": 0.5, "shell": 0.6}, {"stem": 1}, {"none": 2, "T": 1, "loop": 0.5},
        thick=(0.03, 0.08), back=(0.3, 0.5), tilt=(0.02, 0.2), soft=0.8,
    ),
    "office": ChairStyle(
        2.2, {"star": 1}, {"cushion": 1.5, "sling": 1.5}, {"stem": 1.2, "panel": 1},
        {"T": 1.5, "loop": 1.5, "none": 0.5, "tube": 0.5}, width=(0.42, 0.6), depth=(0.4, 0.54),
        thick=(0.04, 0.1), back=(0.36, 0.78), tilt=(0.02, 0.25), soft=1,
    ),
    "lounge": ChairStyle(
        1.2, {"star": 1, "legs": 1, "sled": 1, "pedestal": 0.5, "wires": 0.5},
        {"shell": 1, "cushion": 1.5, "bucket": 1, "sling": 0.7},
        {"panel": 2, "pillow": 0.5}, {"none": 2, "rest": 1, "loop": 0.6}, height=(0.28, 0.4), width=(0.5, 0.7),
        depth=(0.5, 0.66), thick=(0.05, 0.16), back=(0.42, 0.75), tilt=(0.25, 0.6), soft=0.8,
    ),
    "tulip": ChairStyle(
        0.7, {"trumpet": 1}, {"bucket": 2, "disc": 0.5, "shell": 1}, {"none": 1}, {"none": 1}, width=(0.42, 0.6),
        tilt=(0.05, 0.3)
    ),
    "stool": ChairStyle(
        1.3, {"legs": 2, "pedestal": 1.5, "star": 1, "sled": 0.5, "square": 0.6},
        {"disc": 2, "cushion": 1, "board": 1},
        {"none": 1, "panel": 1, "wrap": 0.3, "hoop": 0.3}, {"none": 1}, height=(0.5, 0.85), width=(0.32, 0.44),
        depth=(0.32, 0.42), thick=(0.02, 0.09), back=(0.1, 0.28), tilt=(0.0, 0.15), soft=0.5,
    ),
    "armchair": ChairStyle(
        2.2, {"legs": 2, "plinth": 1.2, "turned": 0.6, "sled": 0.4}, {"block": 1}, {"pillow": 1},
        {"solid": 2, "rolled": 1},
        height=(0.36, 0.45), width=(0.48, 0.66), depth=(0.48, 0.62), thick=(0.14, 0.3), back=(0.34, 0.55),
        tilt=(0.05, 0.3), soft=1,
    ),
    "wing": ChairStyle(
        0.8, {"turned": 1, "legs": 1}, {"block": 1}, {"wing": 1}, {"rolled": 1.5, "solid": 1}, height=(0.38, 0.46),
        width=(0.5, 0.62),
        depth=(0.48, 0.6), thick=(0.14, 0.26), back=(0.55, 0.8), tilt=(0.08, 0.3), soft=1,
    ),
    "club": ChairStyle(
        1.2, {"plinth": 1.5, "legs": 1}, {"block": 1}, {"wrap": 1}, {"none": 1}, height=(0.36, 0.44),
        width=(0.5, 0.66),
        depth=(0.46, 0.6), thick=(0.16, 0.32), back=(0.22, 0.42), tilt=(0.0, 0.12), soft=1,
    ),
    "cube": ChairStyle(
        0.8, {"plinth": 1, "legs": 0.5, "sled": 0.5}, {"block": 1}, {"pillow": 1}, {"solid": 1}, height=(0.36, 0.44),
        width=(0.45, 0.6), depth=(0.5, 0.62), thick=(0.22, 0.36), back=(0.22, 0.34), tilt=(0.0, 0.08), soft=1,
    ),
    "bean bag": ChairStyle(
        0.5, {"none": 1}, {"bag": 1}, {"none": 1}, {"none": 1}, height=(0.3, 0.45), width=(0.6, 0.85),
        depth=(0.6, 0.9), back=(0.3, 0.6)
    ),
    "garden": ChairStyle(
        1, {"square": 1, "legs": 1, "crossed": 0.4}, {"slats": 1}, {"slats": 1, "ladder": 1}, {"rest": 3, "none": 1},
        height=(0.36, 0.45), width=(0.46, 0.6), depth=(0.44, 0.56), back=(0.42, 0.7), tilt=(0.12, 0.45),
    ),
    "monobloc": ChairStyle(
        0.6, {"legs": 1, "square": 0.5}, {"board": 1}, {"slats": 1, "panel": 1, "wrap": 0.6}, {"loop": 1, "rest": 1},
        width=(0.46, 0.56), tilt=(0.1, 0.25),
    ),
    "deck": ChairStyle(
        0.8, {"crossed": 1, "sled": 0.4}, {"sling": 1}, {"none": 1}, {"none": 1.5, "rest": 1}, height=(0.26, 0.38),
        width=(0.48, 0.6), depth=(0.5, 0.7), back=(0.55, 0.85), tilt=(0.5, 0.85),
    ),
    "bench": ChairStyle(
        0.7, {"square": 1, "panels": 1, "legs": 0.6, "sled": 0.4}, {"board": 1, "slats": 1, "cushion": 1},
        {"none": 1, "slats": 1, "panel": 1, "ladder": 0.6}, {"none": 2, "rest": 1}, width=(0.7, 1.2), soft=0.3,
    ),
    "throne": ChairStyle(
        0.5, {"square": 1, "panels": 1, "turned": 1}, {"cushion": 1, "block": 1},
        {"panel": 1, "lattice": 0.6, "frame": 0.5},
        {"rest": 1, "scroll": 1}, width=(0.5, 0.66), thick=(0.06, 0.14), back=(0.75, 1.1), tilt=(0.0, 0.12), soft=0.7,
    ),
    "slab": ChairStyle(
        0.6, {"panels": 1, "plinth": 0.6}, {"board": 1, "block": 0.6}, {"panel": 1, "none": 0.2},
        {"none": 2, "solid": 1},
        thick=(0.03, 0.08), tilt=(0.0, 0.1), back=(0.25, 0.6),
    ),
}  # fmt: skip
