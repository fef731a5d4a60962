"""The first iterations of the authors' training loops are reproduced: losses, and the gradients of the first."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.generators.face import FaceGenerator
from models.generators.picture import FlowEstimator, PictureGenerator
from models.generators.recurrent import RecurrentGenerator, Step
from models.losses.adversarial import lsgan_discriminator, lsgan_generator
from models.losses.perceptual import Vgg19, content_loss, style_loss
from models.losses.sampling import correctness_of_layers, regularisation_of_layers
from tests.models.golden import FOLDER, Golden, assert_close, golden_files, open_golden
from tests.models.judging import judge_gradients, load
from tests.models.test_golden_losses import small_vgg

Losses = dict[str, Tensor]
TOLERANCE = 1e-8  # of the loss


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
    vgg: Vgg19

    @classmethod
    def of(cls, path: Path) -> "Setting":
        golden = open_golden(path)
        vgg = small_vgg(open_golden(FOLDER / "losses.safetensors"))
        return cls(golden, load(_named(golden, "generator"), torch.float64), vgg)

    def __getitem__(self, key: str) -> Tensor:
        return self.golden.input(f"in.{key}", torch.float64)

    @property
    def options(self) -> dict:
        return self.golden.metadata["options"]

    @property
    def kernels(self) -> dict[int, int]:
        values = self.options.get("kernel_size", {"2": 5, "3": 3})
        return {int(layer): kernel for layer, kernel in values.items()}

    def optimiser(self, *modules: nn.Module, ratio: float = 1.0) -> torch.optim.Adam:
        parameters = [parameter for module in modules for parameter in module.parameters()]
        return torch.optim.Adam(parameters, lr=self.options["lr"] * ratio, betas=(0.0, 0.999))

    def discriminator(self, name: str) -> nn.Module:
        return load(_named(self.golden, name), torch.float64)

    def flow_losses(self, source: Tensor, target: Tensor, flows: list[Tensor], suffix: str) -> Losses:
        layers = list(self.kernels)
        correct = correctness_of_layers(self.vgg(source), self.vgg(target), flows, layers)
        return {
            f"correctness{suffix}": self.options["lambda_correct"] * correct,
            f"regularization{suffix.replace('_gen', '')}": self.options["lambda_regularization"]
            * regularisation_of_layers(flows, self.kernels),
        }

    def picture_losses(self, image: Tensor, target: Tensor) -> Losses:
        found, wanted = self.vgg(image), self.vgg(target)
        return {
            "app_gen": self.options["lambda_rec"] * F.l1_loss(image, target),
            "content_gen": self.options["lambda_content"] * content_loss(found, wanted),
            "style_gen": self.options["lambda_style"] * style_loss(found, wanted),
        }

    def judge(self, iteration: int, losses: Losses) -> None:
        prefix = f"out.iter{iteration}."
        expected = {key.removeprefix(prefix): x for key, x in self.golden.tensors.items() if key.startswith(prefix)}
        assert set(losses) == set(expected)
        for name, value in expected.items():
            assert_close(prefix + name, losses[name][None], value, TOLERANCE * float(value.abs()))


@pytest.mark.parametrize("path", training_files("stage one"))
def test_stage_one(path: Path) -> None:
    setting = Setting.of(path)
    assert isinstance(setting.generator, PictureGenerator)
    estimator = FlowEstimator(config=setting.generator.config).double()
    estimator.flow_net.load_state_dict(setting.generator.flow_net.state_dict())
    optimiser = setting.optimiser(estimator)
    for iteration in range(setting.golden.metadata["iterations"]):
        flows, _ = estimator(setting["P1"], setting["BP1"], setting["BP2"])
        losses = setting.flow_losses(setting["P1"], setting["P2"], flows, "")
        _learn(optimiser, losses)
        setting.judge(iteration, losses)
        if not iteration:
            judge_gradients(setting.golden, estimator, prefix="gradnorm.G.")


@pytest.mark.parametrize("path", training_files("picture"))
def test_picture(path: Path) -> None:
    setting = Setting.of(path)
    critic = setting.discriminator("discriminator")
    optimiser = setting.optimiser(setting.generator)
    optimiser_d = setting.optimiser(critic, ratio=setting.options["ratio_g2d"])
    source, target = setting["P1"], setting["P2"]
    for iteration in range(setting.golden.metadata["iterations"]):
        found = setting.generator(source, setting["BP1"], setting["BP2"])
        judged = _criticise(optimiser_d, {"dis_img_gen": (critic, target, found.image)})
        if not iteration:
            judge_gradients(setting.golden, critic, prefix="gradnorm.D.")
        losses = setting.picture_losses(found.image, target)
        losses |= setting.flow_losses(source, target, found.flows, "_gen")
        losses["ad_gen"] = setting.options["lambda_g"] * _fool(critic, found.image)
        _learn(optimiser, losses)
        setting.judge(iteration, losses | judged)
        if not iteration:
            judge_gradients(setting.golden, setting.generator, prefix="gradnorm.G.")


@pytest.mark.parametrize("path", training_files("recurrent"))
def test_recurrent(path: Path) -> None:
    setting = Setting.of(path)
    generator = setting.generator
    assert isinstance(generator, RecurrentGenerator)
    face = isinstance(generator, FaceGenerator)
    critics = setting.discriminator("discriminator"), setting.discriminator("video_discriminator")
    optimiser = setting.optimiser(generator)
    optimiser_d = setting.optimiser(*critics, ratio=setting.options["ratio_g2d"])
    images, structures = setting["images"], setting["structures"]
    reference = (images[:, 0], structures[:, 0]) if face else (setting["ref_image"], setting["ref_structure"])
    picks = iter(choice for _, choice in setting.golden.metadata["frame_picks"]["picks"])
    clip = partial(_differences if face else _frames, length=setting.options["frames_D_V"])
    carried: tuple[Tensor, ...] = ()
    last_true = reference[0]
    for iteration in range(setting.golden.metadata["iterations"]):
        steps = generator(structures, *reference, *carried)
        made = torch.stack([step.image for step in steps], dim=1)  # [B,T,3,H,W]
        frame, start = next(picks), next(picks)
        pairs = {
            "dis_img_gen": (critics[0], images[:, frame], made[:, frame]),
            "dis_img_gen_v": (critics[1], clip(images, start), clip(made, start)),
        }
        judged = _criticise(optimiser_d, pairs)
        if not iteration:
            judge_gradients(setting.golden, critics[0], prefix="gradnorm.D.")
            judge_gradients(setting.golden, critics[1], prefix="gradnorm.D_V.")
        first = carried[0] if face and carried else last_true
        before = [first, *((made if face else images).detach()[:, :-1].unbind(1))]
        losses = _summed(
            [
                _frame_losses(setting, *frame, reference[0])
                for frame in zip(steps, images.unbind(1), before, strict=True)
            ]
        )
        frame, start = next(picks), next(picks)
        losses["ad_gen"] = setting.options["lambda_g"] * _fool(critics[0], made[:, frame])
        losses["ad_gen_v"] = setting.options["lambda_g"] * _fool(critics[1], clip(made, start))
        _learn(optimiser, losses)
        setting.judge(iteration, losses | judged)
        if not iteration:
            judge_gradients(setting.golden, generator, prefix="gradnorm.G.")
        carried, last_true = (made[:, -1].detach(), structures[:, -1]), images[:, -1]


def _frame_losses(setting: Setting, step: Step, target: Tensor, previous: Tensor, reference: Tensor) -> Losses:
    return (
        setting.picture_losses(step.image, target)
        | setting.flow_losses(previous, target, step.flows_previous, "_p")
        | setting.flow_losses(reference, target, step.flows_reference, "_r")
    )


def _summed(frames: list[Losses]) -> Losses:
    return {name: torch.stack([frame[name] for frame in frames]).sum() for name in frames[0]}


def _frames(images: Tensor, start: int, length: int) -> Tensor:
    return images[:, start : start + length].transpose(1, 2)  # [B,3,T,H,W]


def _differences(images: Tensor, start: int, length: int) -> Tensor:
    part = images[:, start : start + length]
    return (part[:, :-1] - part[:, 1:]).flatten(1, 2)  # [B,3*(T-1),H,W]


def _criticise(optimiser: torch.optim.Adam, pairs: dict[str, tuple[nn.Module, Tensor, Tensor]]) -> Losses:
    """One step of the discriminators on what is real and what was generated."""
    optimiser.zero_grad()
    losses = {name: lsgan_discriminator(net(real), net(made.detach())) for name, (net, real, made) in pairs.items()}
    torch.stack(list(losses.values())).sum().backward()
    optimiser.step()
    return losses


def _fool(critic: nn.Module, image: Tensor) -> Tensor:
    critic.requires_grad_(False)
    loss = lsgan_generator(critic(image))
    critic.requires_grad_(True)
    return loss


def _learn(optimiser: torch.optim.Adam, losses: Losses) -> None:
    optimiser.zero_grad()
    torch.stack(list(losses.values())).sum().backward()
    optimiser.step()


def _named(golden: Golden, role: str) -> Golden:
    """The file of the same folder that the metadata names by its place elsewhere."""
    return open_golden(FOLDER / Path(golden.metadata[role].split()[-1]).name)
