"""Find out whether a picture and a driving video suit each other before you spend time on the animation.

python examples/check_inputs.py SOURCE DRIVING
"""

from pathlib import Path

from pipelines import AnimateConfig, check_inputs


def main(source: str, driving: str) -> None:
    report = check_inputs(AnimateConfig(Path(source), Path(driving), keypoints="bundled"))
    print(report.verdict)  # "good", "doubtful" or "impossible"
    for reason in report.reasons:
        print(f"- {reason}")
    if report.seconds is not None:  # it is None if the animation is impossible
        for title, text in report.lines():
            print(f"{title}: {text}")


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
