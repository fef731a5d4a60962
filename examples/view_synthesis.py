"""Turn a car around: a turntable video from one picture.

python examples/view_synthesis.py IMAGE OUTPUT [VIEWS]
"""

from pathlib import Path

from pipelines import ViewSynthConfig, synthesize_views


def main(image: str, output: str, views: str = "72") -> None:
    config = ViewSynthConfig(
        images=(Path(image),),
        category="car",  # or "chair"
        output=Path(output),  # a video, a contact sheet such as sheet.png, or a folder of pictures
        views=int(views),
        overwrite=True,
    )
    result = synthesize_views(config)
    (source,) = result.sources
    print(f"the picture shows the car from {source.azimuth:.0f} degrees (0 is its front, 180 its back)")
    for path, azimuths in result.azimuths.items():
        print(f"{path}: {len(azimuths)} views")


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
