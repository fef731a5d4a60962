"""`gfla keypoints`: a video, a picture or a pose file in, a pose track out."""

import typer

from gfla_cli import options
from gfla_cli.console import Console, out, out_json
from gfla_cli.reports import complete_report
from pipelines.configs import KeypointsConfig
from pipelines.runtime.processes import permanent_imports

OUTPUT = typer.Option("--output", "-o", metavar="TRACK.json", show_default=False)


@options.with_config(KeypointsConfig, output=OUTPUT, keypoints=options.DETECTOR)
def keypoints(config: KeypointsConfig, json: options.Json = False, quiet: options.Quiet = False) -> None:
    """Extract the poses of one person from INPUT, fill the gaps and save them as a JSON pose track."""
    with permanent_imports():
        from pipelines import extract_keypoints

    with Console(quiet=quiet) as console:
        result = extract_keypoints(config, console)
    report = complete_report(result.summary(), console)
    if json:
        out_json(report)
        return
    console.summary(f"{result.line()}; {report['wall_seconds']:.1f} s")
    out(str(config.output))
