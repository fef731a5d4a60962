"""What `gfla check` says, as the page hears it."""

import asyncio
from pathlib import Path

import pytest

from models.errors import InputError
from tests.helpers.small_batches import write_small_clip, write_small_source
from tests.helpers.ui_pages import serve_page  # noqa: F401  # skips where the extra is missing

from gfla_cli.ui.checks import CheckAnswer, CheckStep, check_inputs  # isort: skip


def collect(*arguments: object) -> list[CheckStep | CheckAnswer]:
    async def run() -> list[CheckStep | CheckAnswer]:
        return [step async for step in check_inputs(*arguments)]  # pyright: ignore[reportArgumentType]

    return asyncio.run(run())


@pytest.mark.slow
def test_steps_come_before_the_answer_and_its_sheet(tmp_path: Path) -> None:
    source, driving = write_small_source(tmp_path / "--help.png"), write_small_clip(tmp_path / "walk.mp4")
    options = {"keypoints": "bundled", "background": "#fff", "quality": "fast", "face": "false"}
    *steps, answer = collect(source, driving, options, tmp_path / "sheets")
    assert isinstance(answer, CheckAnswer)
    assert {step.stage for step in steps if isinstance(step, CheckStep)} >= {"keypoints", "preview"}
    assert (answer.report["verdict"] in ("good", "doubtful"), answer.report["frames"]) == (True, 4)
    assert answer.sheet is not None
    assert answer.sheet.stat().st_size > 10_000


def test_a_wrong_option_is_the_error_of_the_command(tmp_path: Path) -> None:
    source = write_small_source(tmp_path / "a.png")
    with pytest.raises(InputError, match="'later' is not a time"):
        collect(source, source, {"start": "later"}, tmp_path / "sheets")
