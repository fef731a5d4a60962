"""Names of facial actions, and the expressions and mouth shapes of speech that are made of them.

`faces.sample_face_actions` plays them. Values are 0..1, as ARKit and the body model's facial actions have them.
"""

FACE_ACTIONS = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff",
    "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight",
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft",
    "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip


def face(**actions: float) -> tuple[float, ...]:
    """One number for each of `FACE_ACTIONS`; a name without its side stands for both sides."""
    known = {name for action in FACE_ACTIONS for name in (action, without_side(action))}
    assert actions.keys() <= known, actions.keys() - known
    return tuple(actions.get(name, actions.get(without_side(name), 0.0)) for name in FACE_ACTIONS)


def without_side(name: str) -> str:
    """The name of an action that both sides of the face can do, without the side."""
    paired = {"mouthLeft", "mouthRight", "jawLeft", "jawRight"}  # directions, not sides
    return name if name in paired else name.removesuffix("Left").removesuffix("Right")


# Expressions and how often people make them; most of the time faces are at rest.
EXPRESSIONS = (
    (face(), 10.0),
    (face(mouthSmile=0.35, cheekSquint=0.15), 4.0),
    (face(mouthSmile=0.7, cheekSquint=0.5, eyeSquint=0.3, mouthUpperUp=0.2), 2.5),
    (face(mouthSmile=0.9, cheekSquint=0.8, eyeSquint=0.45, mouthUpperUp=0.35, mouthLowerDown=0.3, jawOpen=0.18), 1.5),
    (face(mouthSmile=0.85, cheekSquint=0.8, eyeSquint=0.6, jawOpen=0.5, mouthUpperUp=0.35, browInnerUp=0.2), 0.6),
    (face(mouthSmileLeft=0.55, mouthDimpleLeft=0.4, mouthLeft=0.15, cheekSquintLeft=0.3), 0.5),
    (face(mouthSmileRight=0.55, mouthDimpleRight=0.4, mouthRight=0.15, cheekSquintRight=0.3), 0.5),
    (face(browInnerUp=0.6, browOuterUp=0.6, eyeWide=0.3), 1.2),
    (face(browInnerUp=0.8, browOuterUp=0.8, eyeWide=0.7, jawOpen=0.4, mouthFunnel=0.15), 0.6),
    (face(browOuterUpLeft=0.7, browDownRight=0.4), 0.25),
    (face(browOuterUpRight=0.7, browDownLeft=0.4), 0.25),
    (face(browDown=0.5, eyeSquint=0.25), 1.5),
    (face(browDown=0.9, eyeSquint=0.4, noseSneer=0.4, mouthPress=0.4, mouthFrown=0.2), 0.6),
    (face(browDown=0.8, noseSneer=0.7, jawOpen=0.45, mouthUpperUp=0.5, mouthLowerDown=0.5, mouthStretch=0.3), 0.25),
    (face(browInnerUp=0.75, mouthFrown=0.6, mouthShrugLower=0.4, eyeSquint=0.15), 0.6),
    (face(noseSneer=0.8, mouthUpperUp=0.5, browDown=0.5, eyeSquint=0.4, mouthFrown=0.3), 0.3),
    (face(mouthPress=0.6, mouthRollLower=0.35, mouthRollUpper=0.3, mouthDimple=0.2), 0.8),
    (face(mouthShrugLower=0.6, mouthShrugUpper=0.3, mouthFrown=0.35, browInnerUp=0.2), 0.4),
    (face(mouthPucker=0.9, mouthFunnel=0.2), 0.4),
    (face(cheekPuff=0.9, mouthPucker=0.2, mouthClose=0.05), 0.3),
    (face(mouthLeft=0.6, mouthPucker=0.3), 0.15),
    (face(mouthRight=0.6, mouthPucker=0.3), 0.15),
    (face(eyeBlinkLeft=0.95, cheekSquintLeft=0.6, mouthSmileLeft=0.5, mouthSmileRight=0.2), 0.1),
    (face(eyeBlinkRight=0.95, cheekSquintRight=0.6, mouthSmileRight=0.5, mouthSmileLeft=0.2), 0.1),
    (face(eyeBlink=0.95), 0.3),
    (face(jawOpen=0.85, eyeSquint=0.5, browInnerUp=0.3, mouthStretch=0.2), 0.2),
    (face(tongueOut=0.8, jawOpen=0.35, mouthLowerDown=0.2), 0.1),
    (face(jawOpen=0.12), 1.0),
)

# Mouths that are far open, and how often: calls, laughs, yawns, long vowels, bared teeth, tongues that are shown.
WIDE_MOUTHS = (
    (face(jawOpen=1.0), 1.5),
    (face(jawOpen=0.85, mouthUpperUp=0.3, mouthLowerDown=0.35), 2.0),
    (face(jawOpen=0.75, mouthSmile=0.7, mouthUpperUp=0.45, cheekSquint=0.5), 2.0),
    (face(jawOpen=0.8, mouthFunnel=0.5), 1.5),
    (face(jawOpen=0.6, mouthStretch=0.5, mouthLowerDown=0.5, mouthUpperUp=0.3), 1.5),
    (face(jawOpen=0.25, mouthSmile=0.6, mouthUpperUp=0.7, mouthLowerDown=0.6), 1.5),
    (face(jawOpen=0.6, tongueOut=0.6, mouthLowerDown=0.2), 0.3),
)

# Mouth shapes of speech and how often they occur: closed lips, open and half open vowels, wide and round ones, teeth on
# the lower lip, the tongue behind the teeth, hissing sounds.
VISEMES = (
    (face(mouthPress=0.35, mouthClose=0.06, jawOpen=0.06, mouthRollLower=0.15), 2.0),
    (face(jawOpen=0.45, mouthLowerDown=0.25, mouthUpperUp=0.1), 2.0),
    (face(jawOpen=0.28, mouthLowerDown=0.25, mouthStretch=0.12, mouthUpperUp=0.08), 2.5),
    (face(jawOpen=0.14, mouthStretch=0.35, mouthSmile=0.15, mouthLowerDown=0.25), 2.0),
    (face(jawOpen=0.22, mouthFunnel=0.5, mouthPucker=0.25), 1.3),
    (face(jawOpen=0.1, mouthPucker=0.65, mouthFunnel=0.25), 1.2),
    (face(jawOpen=0.08, mouthRollLower=0.45, mouthUpperUp=0.25), 0.8),
    (face(jawOpen=0.18, mouthLowerDown=0.3, mouthUpperUp=0.12), 2.0),
    (face(jawOpen=0.06, mouthStretch=0.25, mouthLowerDown=0.35, mouthUpperUp=0.2), 1.3),
    (face(jawOpen=0.08, mouthFunnel=0.45, mouthUpperUp=0.2, mouthLowerDown=0.2), 0.7),
)
