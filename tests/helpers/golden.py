"""Golden files: inputs, weights and outputs of the authors' networks and losses (official format, section 12).

`open_golden` reads a file of `golden_files`; `tests.helpers.golden_networks` builds its network and compares its
outputs. The folder is tests/golden, or GFLA_GOLDEN if that is set.
"""

import json
import os
import re
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

OWN = Path(__file__).parents[1] / "golden"
FOLDER = Path(os.environ.get("GFLA_GOLDEN") or OWN)
OFFICIAL_KEYS = next(path for path in (FOLDER / "official_keys.json", OWN / "official_keys.json") if path.is_file())
FLOAT64_TOLERANCE = 1.5e-6  # for a float64 run: the files are rounded to float32
FLOAT32_FACTOR = 10  # for a float32 run, in units of the reference's own rounding noise
OPS = re.compile(r"(block_extractor|attention_reshape|local_attention|resample)_")
LOSSES = re.compile(r"(adversarial|affine_regularization|multi_affine_regularization|correctness|vgg)_")
TRAINING = re.compile(r"out\.iter0\.")
CODE = re.compile(r"azimuth (\d+), elevation (\d+)")
AZIMUTHS = 18
ALIAS = re.compile(r"(outconv|jump\d+)\.model\.2\.")


@dataclass(frozen=True)
class Golden:
    """One golden file."""

    path: Path
    """The file."""

    tensors: dict[str, Tensor]
    """All tensors as stored; convert them to the dtype of the computation first."""

    metadata: dict[str, Any]
    """The file's metadata, parsed where they are JSON."""

    @property
    def network(self) -> str:
        """Name of the authors' class; "ops", "losses" or "training" for other kinds of files; "" for unknown ones."""
        if "config" in self.metadata:
            return self.metadata["config"].get("network", "")
        kinds = {"ops": OPS, "losses": LOSSES, "training": TRAINING}
        return next((kind for kind, names in kinds.items() if any(map(names.match, self.tensors))), "")

    def state(self, dtype: torch.dtype, shapes: dict[str, list[int]]) -> dict[str, Tensor]:
        """The weights under our keys: as stored, or generated in these shapes if the file has a recipe."""
        if "recipe" in self.metadata:
            recipe = {key: value for key, value in self.metadata["recipe"].items() if not ALIAS.search(key)}
            return {key: self.generated(key, shapes[key], *value).to(dtype) for key, value in recipe.items()}
        stored = {key.removeprefix("state."): value for key, value in self.tensors.items() if key.startswith("state.")}
        for key in filter(ALIAS.search, stored):
            assert torch.equal(stored[key], stored[key.replace(".model.2.", ".conv1.")]), key
        return {key: value.to(dtype) for key, value in stored.items() if not ALIAS.search(key)}

    def input(self, key: str, dtype: torch.dtype) -> Tensor:
        """The input of this name: as stored, or generated if the file has a recipe."""
        if key in self.tensors:
            return self.tensors[key].to(dtype)
        recipe = self.metadata["inputs"][key]
        if isinstance(recipe, str):
            return self._code(recipe).to(dtype)
        return self.generated(key, *recipe).to(dtype)

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The stored tensors whose names start with `prefix`, in float64 and without it."""
        return {
            key.removeprefix(prefix): value.double() for key, value in self.tensors.items() if key.startswith(prefix)
        }

    def _code(self, description: str) -> Tensor:
        """One-hot view code [1,S,1,1] from a description such as "azimuth 3, elevation 1"."""
        found = CODE.search(description)
        assert found is not None, description
        code = torch.zeros(1, self.metadata["config"]["structure_nc"], 1, 1)
        code[:, [int(found[1]), AZIMUTHS + int(found[2])]] = 1
        return code

    def generated(self, key: str, shape: list[int], scale: float, offset: float) -> Tensor:
        """The pseudo-random tensor of this name, uniform in offset - scale to offset + scale."""
        values = offset + scale * (2 * hashed_numbers(self.metadata["salt"], key, int(np.prod(shape))) - 1)
        return torch.from_numpy(values.astype(np.float32).reshape(shape))


def hashed_numbers(salt: int, key: str, count: int) -> np.ndarray:
    """`count` pseudo-random numbers of 24 bits in [0, 1), hashed from salt, key and index."""
    seed = (zlib.crc32(key.encode()) * 0xD1342543DE82EF95 + salt * 0xA0761D6478BD642F) % 2**64
    with np.errstate(over="ignore"):
        z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 2**24


@cache
def open_golden(path: Path) -> Golden:
    """Read a golden file; the result is cached."""
    with safe_open(str(path), framework="pt") as file:
        metadata = {key: _parse_json(value) for key, value in (file.metadata() or {}).items()}
        return Golden(path, {key: file.get_tensor(key) for key in file.keys()}, metadata)  # noqa: SIM118


def golden_files() -> list[Path]:
    """The golden files of networks, ops, losses and training; tests/pipelines tests those of data encodings."""
    files = sorted(FOLDER.glob("*.safetensors"))
    assert files, f"no golden file in {FOLDER}"
    return [path for path in files if not path.stem.startswith("data")]


def assert_close(name: str, found: Tensor, expected: Tensor, tolerance: float) -> None:
    """Fail if any value is off by more than `tolerance`; the message has a histogram of the errors."""
    assert found.shape == expected.shape, f"{name}: {tuple(found.shape)} instead of {tuple(expected.shape)}"
    error = (found.detach().double() - expected.double()).abs().flatten()
    if not bool((error <= tolerance).all()):
        raise AssertionError(
            f"{name} is off by up to {float(error.max()):.3e} (allowed {tolerance:.1e})\n{_histogram(error)}"
        )


def _histogram(error: Tensor) -> str:
    decades = error.clamp_min(1e-20).log10().floor().nan_to_num(nan=99).int()
    values, counts = decades.unique(return_counts=True)
    rows = [f"  1e{value:+03d}: {count:8d}" for value, count in zip(values.tolist(), counts.tolist(), strict=True)]
    return "error, values\n" + "\n".join(rows)


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
