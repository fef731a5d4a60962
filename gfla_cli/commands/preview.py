"""`gfla preview`: a few frames of an animation on one sheet, in seconds."""

from gfla_cli import options
from gfla_cli.console import Console, out, out_json
from gfla_cli.reports import complete_report
from pipelines.configs import PreviewConfig

USED = (
    *("source", "driving", "output", "overwrite", "count", "frame", "also", "background", "quality", "face"),
    *("start", "end", "max_frames", "fps", "on_missing", "keypoints", "yolo_weights", "person", "retarget", "motion"),
    *("people", "place", "weights", "device", "precision"),
)


@options.with_config(PreviewConfig, only=USED, output=options.output("SOURCE--DRIVING.png"))
def preview(config: PreviewConfig, json: options.Json = False, quiet: options.Quiet = False) -> None:
    """Show a few frames of DRIVING, with skeletons, beside those of the animation, on one sheet."""
    from pipelines import preview_animation

    with Console(quiet=quiet) as console:
        result = preview_animation(config, console)
    report = complete_report(result.summary(), console)
    if json:
        out_json(report)
        return
    console.summary(f"{len(result.times)} frames in {report['wall_seconds']:.1f} s")
    out(str(result.output))
