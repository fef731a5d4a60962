"""`gfla view-synth`: a picture of an object in, a turntable out."""

from typing import TYPE_CHECKING

import typer

from gfla_cli import options
from gfla_cli.console import Console, out, out_json, table
from gfla_cli.reports import complete_report, describe_times
from pipelines.configs import ViewSynthConfig
from pipelines.runtime.processes import permanent_imports

if TYPE_CHECKING:
    from pipelines import ViewSynthResult

OUTPUT = options.output("IMAGE--turntable.mp4")
COMPARE = typer.Option(metavar="FOLDER", exists=True, file_okay=False, rich_help_panel=options.OUTPUT)
BACKGROUND = typer.Option()  # of objects, from a list


@options.with_config(ViewSynthConfig, optional=("images",), output=OUTPUT, compare=COMPARE, background=BACKGROUND)
def view_synth(config: ViewSynthConfig, json: options.Json = False, quiet: options.Quiet = False) -> None:
    """Show the object of each IMAGE from all sides."""
    with permanent_imports():
        from pipelines import synthesize_views

    with Console(quiet=quiet, unit="views") as console:
        result = synthesize_views(config, console)
    report = complete_report(result.summary(), console)
    if json:
        out_json(report)
        return
    console.summary(describe_times(report, sum(map(len, result.azimuths.values())), "views"))
    for path in result.azimuths:
        out(str(path))
    if result.compared:
        _print_comparison(result)


def _print_comparison(result: "ViewSynthResult") -> None:
    """A row for each view that was compared, and the means."""
    rows = [(f"{view.azimuth:g}", *_digits(vars(view))) for view in result.compared]
    table(("azimuth", "l1", "psnr", "ssim"), [*rows, ("mean", *_digits(result.means))])


def _digits(scores: dict[str, float]) -> tuple[str, ...]:
    return f"{scores['l1']:.4f}", f"{scores['psnr']:.2f}", f"{scores['ssim']:.4f}"
