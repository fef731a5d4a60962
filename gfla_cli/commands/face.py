"""`gfla face`: one picture of a face and one video of a talking face in, one video out."""

from gfla_cli import options
from gfla_cli.console import Console
from gfla_cli.reports import report_video
from pipelines.configs import FaceConfig
from pipelines.runtime.processes import permanent_imports


@options.with_config(FaceConfig, output=options.output("SOURCE--DRIVING.mp4"))
def face(config: FaceConfig, json: options.Json = False, quiet: options.Quiet = False) -> None:
    """Make the face in SOURCE talk like the one in DRIVING."""
    with permanent_imports():
        from pipelines import animate_face

    with Console(quiet=quiet) as console:
        result = animate_face(config, console)
    report_video(result, console, json=json)
