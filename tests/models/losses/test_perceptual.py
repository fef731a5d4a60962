"""VGG19 and the perceptual losses; the authors' values are in the golden tests."""

from pathlib import Path

import pytest
import torch

from models.errors import WeightsError
from models.losses.perceptual import Vgg19, content_loss, gram, load_vgg19, style_loss
from tests.helpers.looped_ops import make_uniform


def test_layers_beyond_the_last_name_are_not_computed() -> None:
    vgg, image = Vgg19(width=2), torch.rand(1, 3, 32, 32)
    vgg.features[12].register_forward_hook(lambda module, inputs, output: pytest.fail("not needed"))
    assert list(vgg(image, ["relu3_1", "relu1_1"])) == ["relu1_1", "relu3_1"]
    assert vgg(image, ["relu3_1"])["relu3_1"].shape == (1, 8, 8, 8)
    assert not any(parameter.requires_grad for parameter in vgg.parameters())


def test_perceptual_losses() -> None:
    vgg, image = Vgg19(width=2).double(), make_uniform(1, 3, 32, 32)
    flipped = vgg(image.flip(-1))
    assert float(content_loss(vgg(image), vgg(image))) == float(style_loss(vgg(image), vgg(image))) == 0
    assert float(content_loss(vgg(image), flipped)) > 0
    features = make_uniform(2, 3, 4, 5)
    torch.testing.assert_close(gram(features)[1, 0, 2], (features[1, 0] * features[1, 2]).sum() / 60)
    torch.testing.assert_close(gram(features.flip(-1)), gram(features))


def test_vgg_from_a_file(tmp_path: Path) -> None:
    vgg, path = Vgg19(width=2), tmp_path / "vgg19.pth"
    torch.save(vgg.state_dict() | {"classifier.0.bias": torch.zeros(3)}, path)
    image = torch.rand(1, 3, 32, 32)
    assert torch.equal(load_vgg19(path)(image)["relu5_2"], vgg(image)["relu5_2"])
    torch.save({"features.0.bias": torch.zeros(2)}, path)
    with pytest.raises(WeightsError, match=r"vgg19\.pth has no weights of torchvision's vgg19"):
        load_vgg19(path)
    with pytest.raises(WeightsError, match="absent"):
        load_vgg19(tmp_path / "absent.pth")
