"""`gfla rerun`: how a file was made, read from its report or its own metadata, and the config that makes it again.

In: the JSON of `--json`, or a video or picture. Out: a command and its config. `gfla_cli` runs it.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from models.errors import InputError, WeightsError
from pipelines.configs import AnimateConfig, FaceConfig, PoseConfig, ViewSynthConfig
from pipelines.generation.provenance import Record, weights_sha256
from pipelines.media.files import check_readable
from pipelines.media.tags import read_record
from pipelines.runtime.config_values import config_from_json
from pipelines.runtime.fingerprints import content_sha256
from pipelines.runtime.versions import versions

CONFIGS: dict[str, Any] = {
    "animate": AnimateConfig,
    "face": FaceConfig,
    "pose": PoseConfig,
    "view-synth": ViewSynthConfig,
}
Note = Callable[[str], None]


@dataclass(frozen=True)
class Rerun:
    """What makes a file again."""

    command: str
    """Of gfla."""
    config: Any
    """The command's config."""
    original: Path | None
    """The file that was made, where it is."""


def prepare_rerun(
    path: Path, output: Path | None, note: Note, *, folders: Sequence[Path] = (), force: bool = False, **options: Any
) -> Rerun:
    """Find out how `path` was made, and its inputs.

    Args:
        path: a report, or a video, picture or folder of pictures that has its record, whose inputs have no folder.
        output: what to write; by default NAME--rerun with the original's suffix, in the working directory.
        note: hears of another version of gfla, and with `force` of what has changed.
        folders: where inputs are searched for that are not in their place, beside `path` or in the working directory.
        force: accept inputs and weights that have changed.
        options: further fields of the config.

    Raises:
        InputError: no record, an input that is not found, or one that has changed.
    """
    record, original = _read(path)
    if (here := versions(("gfla",))["gfla"]) != record["gfla"]:
        note(f"{path.name} was made by gfla {record['gfla']}, this is {here}: the result may differ")
    inputs, changed = {}, _find_changed_weights(record)
    for option, described in record["inputs"].items():
        found = [_find(each, [path.absolute().parent, Path(), *folders]) for each in described]
        pairs = zip(found, described, strict=True)
        changed += [str(file) for file, each in pairs if content_sha256(file) != each["sha256"]]
        inputs[option] = [str(file) for file in found]
    if changed and not force:
        raise InputError(f"{', '.join(changed)} changed since {path.name} was made: restore them, or pass --force")
    if changed:
        note(f"changed since {path.name} was made: {', '.join(changed)}")
    kind = CONFIGS[record["command"]]
    several = {field.name for field in fields(kind) if "tuple" in str(field.type)}
    values = record["options"] | {name: files if name in several else files[0] for name, files in inputs.items()}
    target = output or Path(f"{original.stem}--rerun{original.suffix}" if original else f"{path.stem}--rerun")
    config = config_from_json(kind, values, output=target, **options)
    return Rerun(record["command"], config, original if original and original.exists() else None)


def _read(path: Path) -> tuple[Record, Path | None]:
    """The record, and where the original is."""
    if "%" not in path.name:
        check_readable(path)
    if path.suffix.lower() != ".json":
        record, original = read_record(path), path
    else:
        try:
            report = json.loads(path.read_bytes())
            record, outputs = report["record"], report.get("outputs") or [report["output"]]
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{path} is no report of `gfla animate --json` or of another such command") from None
        original = Path(outputs[0]) if len(outputs) == 1 else None
    if record is None:
        raise InputError(f"{path} does not say how it was made: use a report of --json, or a file with --metadata full")
    if record.get("command") not in CONFIGS:
        raise InputError(f"{path} was made by `gfla {record.get('command')!s:.40}`, which this gfla can't run again")
    return record, original


def _find(described: dict[str, str], folders: Iterable[Path]) -> Path:
    """An input in its place, or of the same name in one of the folders; the first that has not changed, if any."""
    path = Path(described["path"])
    places = [*([path] if path.is_absolute() else []), *(folder / path.name for folder in folders)]
    found = [place for place in places if place.exists()]
    if not found:
        searched = ", ".join(dict.fromkeys(str(place.parent) for place in places))
        raise InputError(f"{path.name} is not in {searched}: name its folder with --inputs")
    return next((place for place in found if content_sha256(place) == described["sha256"]), found[0])


def _find_changed_weights(record: Record) -> list[str]:
    """Weights with a name that are others now, or missing."""
    changed = []
    for name, sha256 in record["weights"].items():
        try:
            same = weights_sha256(name) == sha256
        except WeightsError:
            same = False
        changed += [] if same else [f"weights {name}"]
    return changed
