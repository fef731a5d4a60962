"""`gfla pose`: one picture and one or many target poses in, one picture per pose out."""

from gfla_cli import options
from gfla_cli.console import Console, out, out_json
from gfla_cli.reports import complete_report, describe_times
from pipelines.configs import PoseConfig
from pipelines.runtime.processes import permanent_imports

OUTPUT = options.output("SOURCE--TARGET.png, SOURCE--poses/ for several")


@options.with_config(PoseConfig, output=OUTPUT, keypoints=options.DETECTOR)
def pose(config: PoseConfig, json: options.Json = False, quiet: options.Quiet = False) -> None:
    """Put the person in SOURCE into the pose of each TARGET."""
    with permanent_imports():
        from pipelines import transfer_pose

    with Console(quiet=quiet, unit="poses") as console:
        result = transfer_pose(config, console)
    report = complete_report(result.summary(), console)
    if json:
        out_json(report)
        return
    console.summary(describe_times(report, len(result.poses), "poses"))
    out(str(result.output))
