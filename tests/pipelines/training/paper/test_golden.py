"""The loops reproduce the first iterations of the authors' training: the losses, and the first gradients."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.generators.animation import AnimationGenerator
from models.generators.face import FaceGenerator
from models.generators.picture import FlowEstimator, PictureGenerator
from pipelines.datasets.samples import Pair
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.recipe import Losses
from pipelines.training.paper.loop import LoopSetup
from pipelines.training.paper.pairs import FlowLoop, PairLoop, Pairs
from pipelines.training.paper.sequences import Clips, FaceLoop, PersonLoop
from pipelines.training.paper.settings import Recipe
from tests.helpers.golden import FOLDER, Golden, assert_close, golden_files, open_golden
from tests.helpers.golden_networks import assert_gradients, build_network, build_small_vgg

TOLERANCE = 1e-8  # of the loss
OPTIONS = {
    "picture": "lambda_rec",
    "correctness": "lambda_correct",
    "regularisation": "lambda_regularization",
    "style": "lambda_style",
    "content": "lambda_content",
    "adversarial": "lambda_g",
    "critic_rate": "ratio_g2d",
    "gan_mode": "gan_mode",
}
# Our names of the losses that all loops have, and of those that only some have.
NAMES = {
    "picture": "app_gen",
    "content": "content_gen",
    "style": "style_gen",
    "adversarial": "ad_gen",
    "adversarial_video": "ad_gen_v",
    "critic": "dis_img_gen",
    "critic_video": "dis_img_gen_v",
    "correctness_previous": "correctness_p",
    "correctness_reference": "correctness_r",
    "regularisation": "regularization",
    "regularisation_previous": "regularization_p",
    "regularisation_reference": "regularization_r",
}


def training_files(loop: str) -> list:
    """The files of one of the loops below."""
    goldens = [golden for golden in map(open_golden, golden_files()) if golden.network == "training"]
    found = [pytest.param(golden.path, id=golden.path.stem) for golden in goldens if _loop(golden) == loop]
    return found or [pytest.param(None, id="none", marks=pytest.mark.skip(reason=f"no file of {loop}"))]


def _loop(golden: Golden) -> str:
    if "video_discriminator" in golden.metadata:
        return "recurrent"
    return "picture" if "discriminator" in golden.metadata else "stage one"


@dataclass
class Setting:
    """A training file with the networks that it names."""

    golden: Golden
    generator: nn.Module

    @classmethod
    def of(cls, path: Path) -> "Setting":
        golden = open_golden(path)
        return cls(golden, build_network(_named(golden, "generator"), torch.float64))

    def __getitem__(self, key: str) -> Tensor:
        return self.golden.input(f"in.{key}", torch.float64)

    @property
    def recipe(self) -> Recipe:
        options = self.golden.metadata["options"]
        return Recipe(**{ours: options[theirs] for ours, theirs in OPTIONS.items() if theirs in options})

    @property
    def setup(self) -> LoopSetup:
        vgg = build_small_vgg(open_golden(FOLDER / "losses.safetensors"))
        return LoopSetup(self.recipe, Processes("cpu"), self.golden.metadata["options"]["lr"], vgg)

    @property
    def masks(self) -> Tensor | None:
        """Where the correctness counts [B, T, 1, H, W]; None: everywhere."""
        return self["masks"] if self.golden.metadata["options"].get("use_mask") else None

    def discriminator(self, name: str) -> nn.Module:
        return build_network(_named(self.golden, name), torch.float64)

    def pair(self) -> Pairs:
        return Pairs(Pair(self["P1"], self["BP1"], self["P2"], self["BP2"]))

    def judge(self, iteration: int, losses: Losses, names: dict[str, str] = NAMES) -> None:
        prefix = f"out.iter{iteration}."
        expected = {key.removeprefix(prefix): x for key, x in self.golden.tensors.items() if key.startswith(prefix)}
        assert {names[name] for name in losses} == set(expected)
        for name, loss in losses.items():
            value = expected[names[name]]
            assert_close(prefix + name, loss[None], value, TOLERANCE * float(value.abs()))

    def judge_gradients(self, role: str, network: nn.Module) -> None:
        assert_gradients(self.golden, network, prefix=f"gradnorm.{role}.")


def _named(golden: Golden, role: str) -> Golden:
    """The file of the same folder that the metadata names by its place elsewhere."""
    return open_golden(FOLDER / Path(golden.metadata[role].split()[-1]).name)


def assert_kernel_sizes(golden: Golden, found: dict[int, int]) -> None:
    """The losses use the kernels that the authors' options name."""
    expected = golden.metadata["options"].get("kernel_size", {"2": 5, "3": 3})
    assert found == {int(layer): size for layer, size in expected.items()}


@pytest.mark.parametrize("path", training_files("stage one"))
def test_stage_one(path: Path) -> None:
    setting = Setting.of(path)
    assert isinstance(setting.generator, PictureGenerator)
    estimator = FlowEstimator(config=setting.generator.config).double()
    estimator.flow_net.load_state_dict(setting.generator.flow_net.state_dict())
    loop = FlowLoop(estimator, [], setting.setup)
    assert_kernel_sizes(setting.golden, loop.losses.kernel_sizes)
    for iteration in range(setting.golden.metadata["iterations"]):
        losses = loop.update(setting.pair())
        setting.judge(iteration, losses, NAMES | {"correctness": "correctness"})
        if not iteration:
            setting.judge_gradients("G", estimator)


@pytest.mark.parametrize("path", training_files("picture"))
def test_picture(path: Path) -> None:
    setting = Setting.of(path)
    generator, critic = setting.generator, setting.discriminator("discriminator")
    assert isinstance(generator, PictureGenerator)
    loop = PairLoop(generator, [critic], setting.setup)
    assert_kernel_sizes(setting.golden, loop.losses.kernel_sizes)
    for iteration in range(setting.golden.metadata["iterations"]):
        losses = loop.update(setting.pair())
        setting.judge(iteration, losses, NAMES | {"correctness": "correctness_gen"})
        if not iteration:
            setting.judge_gradients("D", critic)
            setting.judge_gradients("G", generator)


@pytest.mark.parametrize("path", training_files("recurrent"))
def test_recurrent(path: Path) -> None:
    setting = Setting.of(path)
    generator = setting.generator
    assert isinstance(generator, AnimationGenerator | FaceGenerator)
    critics = [setting.discriminator("discriminator"), setting.discriminator("video_discriminator")]
    images, structures = setting["images"], setting["structures"]
    face = isinstance(generator, FaceGenerator)
    loop = (FaceLoop if face else PersonLoop)(generator, critics, setting.setup)
    assert_kernel_sizes(setting.golden, loop.losses.kernel_sizes)
    reference = (images[:, 0], structures[:, 0]) if face else (setting["ref_image"], setting["ref_structure"])
    clips = Clips(*reference, images, structures, setting.masks)
    picks = iter(setting.golden.metadata["frame_picks"]["picks"])

    def pick(low: int, high: int) -> int:
        count, choice = next(picks)
        assert (low, high) == (0, count)
        return choice

    carried = None
    for iteration in range(setting.golden.metadata["iterations"]):
        losses, carried = loop.update(clips, pick, carried)
        setting.judge(iteration, losses)
        if not iteration:
            setting.judge_gradients("D", critics[0])
            setting.judge_gradients("D_V", critics[1])
            setting.judge_gradients("G", generator)
