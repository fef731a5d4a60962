"""Objects that worker processes put together."""

import pytest
import torch

from pipelines.synthetic.objects import Objects
from pipelines.training.data.object_sampler import ObjectSampler
from pipelines.training.engine.distributed import Processes

ASKED = {"category": "chair", "batch": 2, "generator": torch.Generator()}


@pytest.fixture
def processes() -> Processes:
    """The second of three processes."""
    alone = Processes("cpu")
    alone.rank, alone.count = 1, 3
    return alone


def positions(objects: Objects) -> list[float]:
    return objects.mesh.position.flatten()[:30].tolist()


def test_workers_draw_what_one_process_draws_and_a_resumed_run_goes_on(processes: Processes) -> None:
    alone, helped = (ObjectSampler(processes, seed=4, workers=workers) for workers in (0, 2))
    drawn = [positions(alone(**ASKED)) for _ in range(4)]
    assert drawn[0] != drawn[1]
    assert [positions(helped(**ASKED)) for _ in range(3)] == drawn[:3]
    resumed = ObjectSampler(processes, seed=4, workers=0)
    resumed.load_state_dict(helped.state_dict())
    assert positions(resumed(**ASKED)) == drawn[3]


def test_every_process_and_every_seed_draws_objects_of_its_own(processes: Processes) -> None:
    one, other_seed = ObjectSampler(processes, seed=4), ObjectSampler(processes, seed=5)
    first = positions(one(**ASKED))
    assert positions(other_seed(**ASKED)) != first
    processes.rank = 2
    assert positions(ObjectSampler(processes, seed=4)(**ASKED)) != first


def test_other_options_are_heard(processes: Processes) -> None:
    sampler = ObjectSampler(processes, seed=4)
    assert sampler(**ASKED).classes == ["chair"] * 2
    assert sampler(**(ASKED | {"category": "car", "batch": 3})).classes == ["car"] * 3
