"""What the whole body does: martial arts, jumps, turns and floor work, with arms and trunk as they belong to it.

`motion.sample_motion_at` plays one of `WHOLE_BODY_ACTIONS` in the clips that are to have one.
"""

from pipelines.synthetic.motion.floor_phrases import FLOOR_PHRASES
from pipelines.synthetic.motion.hands import weigh_shapes
from pipelines.synthetic.motion.jump_actions import JUMP_ACTIONS
from pipelines.synthetic.motion.martial_phrases import MARTIAL_PHRASES
from pipelines.synthetic.motion.timeline import Action
from pipelines.synthetic.motion.turn_phrases import TURN_PHRASES

# Actions, how often they occur together, and the shapes of the hands that belong to them.
_FAMILIES = (
    (JUMP_ACTIONS, 0.2, weigh_shapes(relaxed=3, open=2, loose_fist=2, spread=1, fist=1)),
    (MARTIAL_PHRASES, 0.3, weigh_shapes(fist=6, loose_fist=2, flat=1, relaxed=1)),
    (TURN_PHRASES, 0.2, weigh_shapes(open=3, relaxed=3, flat=2, spread=0.5)),
    (FLOOR_PHRASES, 0.3, weigh_shapes(flat=3, open=4, relaxed=2, fist=0.5)),
)

WHOLE_BODY_ACTIONS: tuple[Action, ...] = tuple(action for actions, *_ in _FAMILIES for action in actions)
WHOLE_BODY_CHANCES = tuple(share / len(actions) for actions, share, _ in _FAMILIES for _ in actions)
WHOLE_BODY_HANDS = tuple(shapes for actions, _, shapes in _FAMILIES for _ in actions)
