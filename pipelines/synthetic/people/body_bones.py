"""Bones of the body model: the rig's joints, what skinning needs between them, fingers, toes and eyes.

`bake` fills in where they are and which vertices they move, `body_pose` turns them.

        eye                         neck_1..3, head
          |                            |
    clavicle - scapula - upper_arm_1..2 - forearm_1..2 - hand - thumb_1..4, index_1..4 ... little_1..4
                                       |
                                  spine_1..5 on the pelvis
                                       |
                             buttock - thigh_1..2 - shin_1..2 - foot - toes

The fourth bone of a finger is its tip and moves nothing.
"""

FINGERS = ("thumb", "index", "middle", "ring", "little")
_ARM = ("clavicle", "scapula", "upper_arm_1", "upper_arm_2", "forearm_1", "forearm_2", "hand")
_LEG = ("buttock", "thigh_1", "thigh_2", "shin_1", "shin_2", "foot", "toes")
_SIDE = (*_ARM, *(f"{finger}_{joint}" for finger in FINGERS for joint in (1, 2, 3, 4)), *_LEG, "eye")
_TRUNK = ("pelvis", *(f"spine_{index}" for index in range(1, 6)), *(f"neck_{index}" for index in range(1, 4)), "head")
BONES = _TRUNK + tuple(f"{side}_{name}" for side in ("r", "l") for name in _SIDE)
BONE = {name: index for index, name in enumerate(BONES)}

# Points of the skin that the body model knows, see `bake`.
SKIN_POINTS = ("crown", "chin", "r_ear", "l_ear", "r_heel", "l_heel", "r_toe", "l_toe")
FACE_POINTS = 68
NOSE, EYES = 30, {"r": slice(36, 42), "l": slice(42, 48)}  # of iBUG's 68 points

# What a vertex of the body is covered with.
SURFACES = ("skin", "scalp", "lips", "ear", "eye", "teeth", "tongue", "mouth", "socket")
# Parts of the body, as label maps show them.
PARTS = (
    "torso", "r_upper_arm", "r_forearm", "r_hand", "l_upper_arm", "l_forearm", "l_hand",
    "r_thigh", "r_shin", "r_foot", "l_thigh", "l_shin", "l_foot", "neck", "head",
)  # fmt: skip
_PARTS_OF_BONES = {
    "torso": ("pelvis", "spine_1", "spine_2", "spine_3", "spine_4", "spine_5", "clavicle", "scapula", "buttock"),
    "neck": ("neck_1", "neck_2"),
    "head": ("neck_3", "head", "eye"),
    "upper_arm": ("upper_arm_1", "upper_arm_2"),
    "forearm": ("forearm_1", "forearm_2"),
    "thigh": ("thigh_1", "thigh_2"),
    "shin": ("shin_1", "shin_2"),
    "foot": ("foot", "toes"),
}  # hands: everything else
_PART_OF_BONE = {bone: part for part, bones in _PARTS_OF_BONES.items() for bone in bones}


def part_of_bone(bone: str) -> str:
    """Name of the part of the body that a bone belongs to: "torso", "neck", "head", "r_hand" or the like."""
    side, name = (bone[0], bone[2:]) if bone[:2] in ("r_", "l_") else ("", bone)
    part = _PART_OF_BONE.get(name, "hand")
    return part if part in ("torso", "neck", "head") else f"{side}_{part}"
