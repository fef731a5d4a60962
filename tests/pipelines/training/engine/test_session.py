import json
import sys

import numpy as np
import pytest
import torch
from torch import nn

from models.errors import InputError, WeightsError
from pipelines.runtime.progress import SilentProgress
from pipelines.training.engine.logging import picture_sheet
from pipelines.training.engine.session import Average, Processes, Session, TrainConfig


def start(out, **options):
    return Session(TrainConfig(out=out, device="cpu", **options), Processes("cpu"), SilentProgress())


def train(session, model, optimiser, average, steps):
    for _ in range(steps):
        inputs = torch.randn(4, 3, generator=session.generator)
        loss = (model(inputs) + 0.1 * torch.randn(4, 2)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        average.update(model, session.step)
        session.advance()


def fresh():
    torch.manual_seed(5)
    model = nn.Linear(3, 2)
    return model, torch.optim.Adam(model.parameters(), 0.01), Average(model, 0.9)


def test_resumed_run_equals_the_uninterrupted_one_bit_for_bit(tmp_path):
    whole = fresh()
    train(start(tmp_path / "a"), *whole, steps=12)

    half = fresh()
    session = start(tmp_path / "b")
    train(session, *half, steps=5)
    session.save(model=half[0], optimiser=half[1], average=half[2])
    other = fresh()
    resumed = start(tmp_path / "b", resume=True)
    resumed.restore(model=other[0], optimiser=other[1], average=other[2])
    assert resumed.step == 5
    train(resumed, *other, steps=7)
    for key, value in whole[0].state_dict().items():
        assert torch.equal(value, other[0].state_dict()[key])
        assert torch.equal(whole[2].state[key], other[2].state[key])


def test_a_folder_with_a_run_is_not_overwritten(tmp_path):
    session = start(tmp_path)
    session.save(model=nn.Linear(1, 1))
    with pytest.raises(InputError, match="--resume"):
        start(tmp_path)


def test_resuming_nothing_or_another_recipe_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="nothing to resume"):
        start(tmp_path, resume=True).restore(model=nn.Linear(1, 1))
    start(tmp_path).save(other=nn.Linear(1, 1))
    with pytest.raises(WeightsError, match="another recipe"):
        start(tmp_path, resume=True).restore(model=nn.Linear(1, 1))


def test_a_state_that_does_not_fit_or_is_damaged_is_refused_in_a_line(tmp_path):
    start(tmp_path).save(model=nn.Linear(1, 1))
    with pytest.raises(WeightsError, match="another size"):
        start(tmp_path, resume=True).restore(model=nn.Linear(1, 2))
    whole = (tmp_path / "state.pt").read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"no state"):
        (tmp_path / "state.pt").write_bytes(broken)
        with pytest.raises(WeightsError, match="start anew") as refusal:
            start(tmp_path, resume=True).restore(model=nn.Linear(1, 1))
        assert len(str(refusal.value).splitlines()) == 1


def test_learning_rate_warms_up_and_ends_near_zero(tmp_path):
    session = start(tmp_path, steps=100, warmup=10)
    rates = []
    while session.running():
        rates.append(session.learning_rate(1.0))
        session.advance()
    assert len(rates) == 100
    assert np.argmax(rates) in range(8, 13)
    assert rates[0] < 0.11
    assert rates[-1] < 0.001


def test_log_holds_one_object_per_report(tmp_path, monkeypatch):
    session, notes = start(tmp_path), []
    monkeypatch.setattr(session.progress, "note", notes.append)
    session.report({"loss": torch.tensor(0.25)})
    session.report({"psnr": 20.0}, "validation")
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["train", "validation"]
    assert lines[0]["loss"] == 0.25
    assert "loss 0.25" in notes[0]


def test_a_resumed_log_has_every_report_once(tmp_path):
    session = start(tmp_path)
    for step in range(1, 4):
        session.advance()
        session.report({"loss": step / 3})
        if step == 2:
            session.save(model=nn.Linear(1, 1))
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"kind": "train", "st')  # killed while writing
    session = start(tmp_path, resume=True)
    session.restore(model=nn.Linear(1, 1))
    session.advance()
    session.report({"loss": 7.0})
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], line["loss"]) for line in lines] == [(1, 0.333333), (2, 0.666667), (3, 7.0)]


def test_tensorboard_shows_numbers_and_sheets(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    session = start(tmp_path)
    for _ in range(3):
        session.advance()
        session.report({"loss": 0.1 * session.step})
        if session.step == 2:
            session.save(model=nn.Linear(1, 1))
    session = start(tmp_path, resume=True)
    session.restore(model=nn.Linear(1, 1))
    session.advance()
    session.report({"loss": 5.0})
    session.sheet([torch.zeros(1, 3, 4, 4)])
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(event.step, round(event.value, 3)) for event in events.Scalars("train/loss")] == [
        (1, 0.1), (2, 0.2), (3, 5.0),
    ]  # fmt: skip
    assert [event.step for event in events.Images("sheet")] == [3]


def test_without_tensorboard_training_says_so_once(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    session, notes = start(tmp_path), []
    monkeypatch.setattr(session.progress, "note", notes.append)
    session.report({"loss": 1.0})
    session.report({"loss": 2.0})
    assert sum("gfla[research]" in note for note in notes) == 1
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 2


def test_sheet_is_laid_out_row_by_row(tmp_path):
    import cv2

    red = torch.tensor([1.0, -1.0, -1.0]).view(1, 3, 1, 1).expand(2, 3, 4, 5)
    picture_sheet(tmp_path / "sheet.png", [red, -red])
    written = cv2.imread(str(tmp_path / "sheet.png"))
    assert written is not None
    sheet = written[..., ::-1]
    assert sheet.shape == (8, 10, 3)
    assert sheet[0, 0].tolist() == [255, 0, 0]
    assert sheet[-1, -1].tolist() == [0, 255, 255]
