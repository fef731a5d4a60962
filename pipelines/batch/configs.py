"""From a job's plain options to the config of its command."""

from fractions import Fraction
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from pipelines.batch.jobs import Job
from pipelines.configs import AnimateConfig, PoseConfig, ViewSynthConfig

Config = AnimateConfig | PoseConfig | ViewSynthConfig
CONFIGS: dict[str, type[Config]] = {"animate": AnimateConfig, "pose": PoseConfig, "view-synth": ViewSynthConfig}


def config_of(job: Job, folder: Path) -> Config:
    """The config whose output lies in `folder`; an earlier output of the job is replaced."""
    kind = CONFIGS[job.command]
    hints = get_type_hints(kind)
    options = {name: _typed(hints[name], value) for name, value in job.options.items()}
    return kind(**options, output=folder / job.output, overwrite=True)


def _typed(hint: Any, value: Any) -> Any:
    if get_origin(hint) is tuple:
        return tuple(_typed(get_args(hint)[0], item) for item in value)
    kinds = get_args(hint) or (hint,)
    if Fraction in kinds:
        return Fraction(value)
    return Path(value) if Path in kinds else value
