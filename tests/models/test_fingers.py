"""The finger head: what the maps of both hands add to the decoder's features."""

from dataclasses import replace

import torch

from models.fingers import HAND_MAPS, FingerHead
from models.generators.animation import AnimationGenerator, State, bundled_person

SMALL = {"width": 4, "max_width": 16, "flow_width": 4, "flow_max_width": 8, "attention_hidden": 8}


def test_an_untrained_head_adds_nothing() -> None:
    features, structure = torch.randn(2, 6, 16, 24), torch.rand(2, 36, 16, 24)
    assert torch.equal(FingerHead(channels=6, hidden=4)(features, structure), features)


def test_it_learns_to_draw_what_only_the_hands_show() -> None:
    torch.manual_seed(0)
    head = FingerHead(channels=6, hidden=4)
    features, structure = torch.randn(2, 6, 16, 24), torch.rand(2, 36, 16, 24)
    wanted = features + structure[:, -HAND_MAPS:].sum(1, keepdim=True)
    optimiser = torch.optim.Adam(head.parameters(), 0.02)
    errors = []
    for _ in range(80):
        error = (head(features, structure) - wanted).square().mean()
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
        errors.append(error.item())
    assert errors[-1] < 0.1 * errors[0]


def test_the_generator_shows_fingers_at_full_resolution() -> None:
    torch.manual_seed(0)
    model = AnimationGenerator(config=replace(bundled_person(), **SMALL)).eval()
    assert model.fingers is not None
    torch.nn.init.normal_(model.fingers.added.weight)
    structure = torch.zeros(1, model.config.structure_channels, 64, 64)
    joints = torch.rand(1, 17, 2) * 64
    reference = model.encode_reference(torch.rand(1, 4, 64, 64), structure, joints)
    with_hand = structure.clone()
    with_hand[:, -1, 30, 40] = 1.0
    target = model.encode_target(reference, structure, structure, joints)
    features = torch.randn(1, model.config.channels(0), 64, 64)
    without, shown = (model._add_fingers(features, each) for each in (target.structure, with_hand))
    changed = (shown - without).abs().amax((0, 1)).nonzero()
    assert changed.min(0).values.tolist() == [28, 38], "nothing farther than two convolutions reach"
    assert changed.max(0).values.tolist() == [32, 42]
    step = model.step(reference, State.initial(reference), with_hand, joints)
    assert step.image.shape == (1, 4, 64, 64)
    assert step.image.isfinite().all()


def test_earlier_weights_have_no_such_head() -> None:
    config = replace(bundled_person(), finger_hidden=0, structure_channels=34, **SMALL)
    model = AnimationGenerator(config=config)
    assert model.fingers is None
    assert config.structure_details
