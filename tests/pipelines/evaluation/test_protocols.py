"""Which metrics a protocol has, and which options it refuses."""

from pathlib import Path
from typing import Any

import pytest

from models.errors import InputError
from pipelines.configs import EvaluateConfig
from pipelines.evaluation.protocols import choose_protocol


def config(**options: Any) -> EvaluateConfig:
    return EvaluateConfig(generated=Path("made"), reference=Path("true"), **options)


def test_protocols_have_their_metrics_in_the_order_of_the_report() -> None:
    assert choose_protocol(config()).metrics == ("fid", "lpips", "ssim", "psnr", "l1", "flicker", "keypoints")
    names = ("fid", "lpips", "ssim", "ssim256", "psnr", "l1", "mae")
    assert choose_protocol(config(protocol="gfla")).metrics == names


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"protocol": "other"}, "protocol 'other' must be one of standard, gfla"),
        ({"metrics": ("l1", "mae")}, "'mae' of protocol standard must be one of fid"),
        ({"protocol": "gfla", "metrics": ("flicker",)}, "'flicker' of protocol gfla must be one of fid"),
        ({"protocol": "gfla", "crop": (20, 20)}, "compares complete pictures: omit --crop"),
    ],
)
def test_what_does_not_belong_to_a_protocol_is_refused(options: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError, match=line):
        choose_protocol(config(**options))
