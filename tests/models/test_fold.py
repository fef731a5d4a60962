import torch
from torch import nn

from models.fold import fold_batch_norm, prepare_for_inference
from models.layers import PositionConv2d
from tests.helpers.devices import WithoutFloat64
from tests.helpers.golden import assert_close


def trained(*layers: nn.Module) -> nn.Sequential:
    torch.manual_seed(1)
    model = nn.Sequential(*layers).double()
    for layer in model:
        if isinstance(layer, nn.BatchNorm2d):
            for tensor in (layer.weight, layer.bias, layer.running_mean):
                assert tensor is not None
                nn.init.normal_(tensor)
            assert layer.running_var is not None
            nn.init.uniform_(layer.running_var, 0.1, 4.0)
    return model.eval()


def test_convolutions_absorb_the_norm_behind_them() -> None:
    model = trained(
        nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
        nn.ConvTranspose2d(4, 6, 3, stride=2), nn.BatchNorm2d(6), nn.LeakyReLU(0.1),
        nn.Conv2d(6, 5, 1), nn.BatchNorm2d(5),
    )  # fmt: skip
    x = torch.randn(2, 3, 8, 9, dtype=torch.float64)
    folded = fold_batch_norm(model)
    assert_close("folded", folded(x), model(x), 1e-12)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in folded.modules())
    assert not any(parameter.requires_grad for parameter in folded.parameters())


def test_a_norm_without_a_convolution_before_it_stays() -> None:
    model = trained(nn.BatchNorm2d(3), nn.LeakyReLU(0.1), nn.Conv2d(3, 4, 3))
    x = torch.randn(2, 3, 8, 9, dtype=torch.float64)
    kept = x.clone()
    folded = fold_batch_norm(model)
    assert_close("folded", folded(x), model(x), 1e-12)
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in folded.modules())
    assert torch.equal(x, kept)


def test_a_leading_rectifier_leaves_its_input_alone() -> None:
    model = trained(nn.LeakyReLU(0.1), nn.Conv2d(3, 4, 3), nn.Identity(), nn.LeakyReLU(0.1))
    x = torch.randn(2, 3, 8, 9, dtype=torch.float64)
    kept = x.clone()
    assert_close("folded", fold_batch_norm(model)(x), model(x), 1e-12)
    assert torch.equal(x, kept)


def test_folding_needs_no_float64_on_the_device() -> None:
    model = trained(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).float()
    with WithoutFloat64():
        folded = fold_batch_norm(model)
    x = torch.randn(2, 3, 8, 9)
    assert_close("folded", folded(x), model(x), 1e-5)


def test_weights_are_in_the_precision_of_their_use_but_those_of_positions() -> None:
    model = trained(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ConvTranspose2d(4, 4, 3), PositionConv2d(4, 2, 3)
    ).float()  # fmt: skip
    ready = prepare_for_inference(model, torch.bfloat16)
    types = [parameter.dtype for parameter in ready.parameters()]
    assert types == [torch.bfloat16] * 4 + [torch.float32] * 2
    x = torch.randn(1, 3, 8, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        positions = ready(x)
    assert positions.dtype == torch.float32
    assert_close("positions", positions, model(x), 0.02)
    assert all(parameter.dtype == torch.float32 for parameter in prepare_for_inference(model).parameters())
