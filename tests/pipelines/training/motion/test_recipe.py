import dataclasses
import json

import pytest
import torch

from models.motion import MotionConfig, MotionNetwork
from models.weights import load_weights
from pipelines.keypoints import cleaning as clean
from pipelines.training.motion import recipe as motion
from pipelines.training.motion.detector_noise import DetectorErrors

PERFECT = DetectorErrors(**{field.name: 0.0 for field in dataclasses.fields(DetectorErrors)})


class Quiet:
    def stage(self, name, total):
        pass

    def advance(self, n=1):
        pass

    def note(self, message):
        pass


def draw(errors: DetectorErrors = PERFECT, batch: int = 64, length: int = 104) -> motion.Sample:
    return motion.sample(motion.Recipe(errors=errors), batch, length, torch.Generator().manual_seed(0))


def test_sample_shapes_and_ranges():
    data = draw(DetectorErrors())
    assert data.track.shape == data.truth.shape == (64, 34, 104)
    assert torch.isfinite(data.track).all()
    assert (data.truth.abs() > 1).float().mean() < 0.05  # people are inside their canvas
    missing = ~data.found.permute(0, 2, 1)  # [B, 17, T]
    blank = missing.all(1, keepdim=True)
    assert (data.track[:, :17][missing & ~blank] == -1).all()
    assert set(data.track[:, :17][missing & blank].unique().tolist()) <= {-1.0, 0.0}


def test_track_and_truth_show_the_same_person():
    data = draw()
    points = motion._points(data.track)[..., 9, :]  # COCO: left wrist
    truth = motion._points(data.truth)[..., 13, :]  # Human3.6M: left wrist
    assert torch.allclose(points, truth, atol=1e-5)
    y_down = data.truth[:, 3] > data.truth[:, 10]  # the right foot is below the crown
    assert y_down.float().mean() > 0.97


def test_track_is_encoded_as_the_cleaning_does():
    data = draw(dataclasses.replace(PERFECT, lost_clips=1.0, loss_rate=0.01))
    side = 512.0
    pixels = (data.points[0].double() + 1) * side / 2
    frames = torch.where(data.found[0][..., None], pixels, 0.0).numpy()
    assert data.found[0].any(-1).all()
    assert torch.allclose(torch.from_numpy(clean.encode(frames, side)).float(), data.track[0], atol=1e-5)


def test_some_windows_repeat_the_ends_of_their_clip():
    still = (draw().truth.diff(dim=2).abs().amax(1) == 0).float()  # [B, T - 1]
    assert 0.1 < (still[:, 0] > 0).float().mean() < 0.6
    assert 0.1 < (still[:, -1] > 0).float().mean() < 0.6
    assert (still[:, 50:54] > 0).float().mean() < 0.25


def test_perfect_detections_have_no_naive_error_in_the_limbs():
    network = MotionNetwork(config=MotionConfig(channels=8)).eval()
    recipe = motion.Recipe(errors=PERFECT, validation_windows=16)
    results = motion.validate(network, recipe, torch.device("cpu"))
    assert results["naive_left_elbow"] < 3  # hidden faces only
    assert results["error"] > 10 > results["naive_error"]
    assert results == motion.validate(network, recipe, torch.device("cpu"))


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(motion, "MotionConfig", lambda: MotionConfig(channels=24))
    return motion.Recipe(frames=(24,), validation_windows=16)


def test_training_learns_saves_and_resumes(tmp_path, small):
    config = motion.TrainConfig(
        out=tmp_path, steps=24, batch=12, warmup=3, average=0.8, validate_every=4, device="cpu", learning_rate=3e-3
    )
    path = motion.run(config, Quiet(), small)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    errors = [line["error"] for line in log if line["kind"] == "validation"]
    assert errors[-1] < 0.9 * errors[0]
    network = load_weights(path, expect="motion")
    assert isinstance(network, MotionNetwork)
    assert network.config.channels == 24
    motion.run(dataclasses.replace(config, steps=25, resume=True), Quiet(), small)
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert last["step"] == 25


def test_when_a_run_saves_changes_nothing(tmp_path, small):
    recipe = dataclasses.replace(small, dropout=0.5)
    states = []
    for every in (1, 3):
        out = tmp_path / str(every)
        motion.run(motion.TrainConfig(out=out, steps=3, batch=2, validate_every=every, device="cpu"), Quiet(), recipe)
        states.append(torch.load(out / "state.pt", weights_only=True)["network"])
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())
