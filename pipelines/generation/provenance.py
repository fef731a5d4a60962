"""Of what and how a file was made, as plain data: enough to tell where it comes from, and to make it again.

In: the config of a run. Out: a `Record`, for reports and for the metadata of outputs. Called by the chains.
"""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from os import cpu_count
from pathlib import Path
from typing import Any, get_args

import torch

from models.files import file_sha256
from models.weights import resolve
from models.weights.bundled import bundled_files
from pipelines.option_groups import DetectorName
from pipelines.runtime.fingerprints import content_sha256
from pipelines.runtime.summaries import plain_value
from pipelines.runtime.versions import versions

Record = dict[str, Any]
"""`gfla` and `python`: versions; `command`; `options` that are not at their defaults, as JSON values; `inputs`: by
option the files and folders with their SHA-256; `weights`: the SHA-256 of those with a name; `device`."""

OF_THE_RUN = ("output", "overwrite", "resume")  # options that change no frame


def make_record(command: str, config: Any, *, weights: Iterable[str], device: str, **used: Any) -> Record:
    """The record of a run.

    Args:
        command: of gfla.
        config: its dataclass.
        weights: names or files of the generator and of other networks that the options choose.
        device: where the generator runs.
        used: by option what `auto` turned out to be.
    """
    values = {field.name: (getattr(config, field.name), field.default) for field in fields(config)}
    inputs = {name: [*_find_paths(name, value)] for name, (value, _) in values.items() if name not in OF_THE_RUN}
    inputs = {name: paths for name, paths in inputs.items() if paths}
    left_out = {*OF_THE_RUN, *inputs}
    options = {name: value for name, (value, default) in values.items() if name not in left_out and value != default}
    options |= {name: value for name, value in used.items() if name not in left_out}
    return {
        **versions(("gfla",)),
        "command": command,
        "options": {name: plain_value(value) for name, value in options.items()},
        "inputs": {name: [_describe(path) for path in paths] for name, paths in inputs.items()},
        "weights": {name: sha256 for name in dict.fromkeys(weights) if (sha256 := weights_sha256(name))},
        "device": device,
    }


def weights_sha256(name: str) -> str | None:
    """The SHA-256 of weights with a name; None for a file, which is an input."""
    if name in (bundled := bundled_files()):
        return bundled[name][1]
    path = resolve(name)
    return None if path == Path(name) else file_sha256(path)


def _find_paths(name: str, value: object) -> Iterator[Path]:
    """The files and folders that the value of an option names."""
    if isinstance(value, tuple):
        for item in value:
            yield from _find_paths(name, item)
    elif isinstance(value, Path):
        yield value
    elif isinstance(value, str) and "\0" not in value:
        is_pose_file = name == "keypoints" and value not in get_args(DetectorName)
        if is_pose_file or Path(value).is_file():
            yield Path(value)


def _describe(path: Path) -> dict[str, str]:
    return {"path": str(path.absolute()), "sha256": content_sha256(path)}


def resume_facts(record: Record, threads: int | None) -> dict[str, Any]:
    """What the bytes of an unfinished output depend on, by names that the user understands.

    threads: of the encoder; None: as many as it finds processor cores.
    """
    options = {f"--{name.replace('_', '-')}": value for name, value in record["options"].items()}
    inputs = {each["path"]: each["sha256"] for described in record["inputs"].values() for each in described}
    weights = {f"weights {name}": sha256 for name, (_, sha256) in bundled_files().items()}
    weights |= {f"weights {name}": sha256 for name, sha256 in record["weights"].items()}
    machine = {"device": record["device"], "number of threads": [threads or cpu_count(), torch.get_num_threads()]}
    return {"command": record["command"], **options, **inputs, **weights, **machine, **versions()}
