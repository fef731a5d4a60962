"""`gfla animate`: one picture and one driving video in, one video out."""

from gfla_cli import options
from gfla_cli.console import Console
from gfla_cli.reports import report_video
from pipelines.configs import AnimateConfig
from pipelines.runtime.processes import permanent_imports


@options.with_config(AnimateConfig, output=options.output("SOURCE--DRIVING.mp4"))
def animate(config: AnimateConfig, json: options.Json = False, quiet: options.Quiet = False) -> None:
    """Make the person in SOURCE move like the person in DRIVING."""
    with permanent_imports():
        from pipelines import animate

    with Console(quiet=quiet) as console:
        result = animate(config, console)
    report_video(result, console, json=json)
