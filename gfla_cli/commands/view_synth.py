"""`gfla view-synth`: a turntable from one picture of an object."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gfla_cli import options
from gfla_cli.console import Console, out, out_json, table

if TYPE_CHECKING:
    from pipelines.view_synthesis import ViewSynthResult

VIEW = "View"


def _angles(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(item) for item in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"{text!r} are no angles: give degrees with commas between them, 0,30,60") from None


def _azimuth(text: str) -> float | None:
    try:
        return None if text == "auto" else float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither 'auto' nor an angle in degrees") from None


Images = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="IMAGE...", exists=True, dir_okay=False, show_default=False, help="Pictures of an object, one each."
    ),
]
Category = Annotated[
    Literal["car", "chair"], typer.Option(show_default=False, help="What the pictures show.", rich_help_panel=VIEW)
]
Azimuth = Annotated[
    float | None,
    typer.Option(
        metavar="auto|DEG",
        parser=_azimuth,
        show_default="auto",
        help="From where IMAGE shows the object: 0 front, 90 front to the right, 180 back, 270 front to the left.",
        rich_help_panel=VIEW,
    ),
]
Elevation = Annotated[
    float,
    typer.Option(
        metavar="DEG",
        help="Height of the camera, from 0 to below 30; with a given --azimuth also that of IMAGE.",
        rich_help_panel=VIEW,
    ),
]
Distance = Annotated[
    float,
    typer.Option(
        metavar="DIAGONALS",
        help="How far the camera is, in diagonals of the object: near ones (1.3) make the near end large.",
        rich_help_panel=VIEW,
    ),
]
Background = Annotated[
    Literal["white", "transparent", "original"],
    typer.Option(help="What the object stands on; original: the colour around it in IMAGE.", rich_help_panel=VIEW),
]
Compare = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        exists=True,
        file_okay=False,
        help="Print how near views are to the true ones, az_DDD.png, in FOLDER.",
        rich_help_panel=options.OUTPUT,
    ),
]
Viewpoint = Annotated[
    str,
    typer.Option(
        metavar="NAME|PATH", help="Weights that find the azimuth and the object's size.", rich_help_panel=options.MODEL
    ),
]
Views = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=360,
        show_default="72, with the authors' weights 18",
        help="Views of one turn.",
        rich_help_panel=VIEW,
    ),
]
Angles = Annotated[
    tuple | None,
    typer.Option(
        metavar="DEG,DEG,...", parser=_angles, help="These azimuths instead of a whole turn.", rich_help_panel=VIEW
    ),
]
Shapenet = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.hdf5",
        exists=True,
        dir_okay=False,
        help="Take the view --id of this ShapeNet file instead of IMAGE (needs the extra 'research').",
        rich_help_panel=options.INPUT,
    ),
]
Id = Annotated[
    str | None, typer.Option("--id", metavar="N", help="Name of the view in --shapenet.", rich_help_panel=options.INPUT)
]
Weights = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|PATH", help="Weights of the generator; see 'gfla weights list'.", rich_help_panel=options.MODEL
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        show_default="IMAGE--turntable.mp4",
        help="A video, .gif, sheet.png, folder/ or %05d.png; for several IMAGEs a folder for their videos.",
        rich_help_panel=options.OUTPUT,
    ),
]


def view_synth(
    images: Images = None,
    output: Output = None,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    *,
    category: Category,
    azimuth: Azimuth = None,
    elevation: Elevation = 0.0,
    distance: Distance = 1.8,
    views: Views = None,
    angles: Angles = None,
    background: Background = "white",
    compare: Compare = None,
    shapenet: Shapenet = None,
    id: Id = None,
    weights: Weights = None,
    viewpoint: Viewpoint = "viewpoint",
    device: options.Device = "auto",
    precision: options.Precision = "auto",
) -> None:
    """Show the object of each IMAGE from all sides."""
    from pipelines.configs import ViewSynthConfig
    from pipelines.view_synthesis import synthesize_views

    config = ViewSynthConfig(
        images=tuple(images or ()),
        category=category,
        output=output,
        overwrite=overwrite,
        device=device,
        precision=precision,
        weights=weights,
        viewpoint=viewpoint,
        azimuth=azimuth,
        elevation=elevation,
        distance=distance,
        views=views,
        angles=angles or (),
        background=background,
        compare=compare,
        shapenet=shapenet,
        id=id,
    )
    with Console(quiet=quiet, unit="views") as console:
        result = synthesize_views(config, console)
    if json:
        out_json(result.summary() | {"warnings": console.notes})
        return
    for path in result.azimuths:
        out(str(path))
    if result.compared:
        _show(result)


def _show(result: "ViewSynthResult") -> None:
    """A line for each view that was compared, and the means."""
    rows = [(f"{view.azimuth:g}", *_digits(vars(view))) for view in result.compared]
    table(("azimuth", "l1", "psnr", "ssim"), [*rows, ("mean", *_digits(result.means))])


def _digits(numbers: dict[str, float]) -> tuple[str, ...]:
    return f"{numbers['l1']:.4f}", f"{numbers['psnr']:.2f}", f"{numbers['ssim']:.4f}"
