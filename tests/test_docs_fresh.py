"""What is generated in docs/ is up to date, and every command has its table."""

import runpy
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def generate() -> dict[str, Any]:
    """The names of docs/generate.py."""
    return runpy.run_path(str(DOCS / "generate.py"))


def test_the_files_are_up_to_date(generate: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert generate["main"](["--check"]) == 0, capsys.readouterr().err


def test_a_stale_block_is_replaced_and_the_text_around_it_stays(generate: dict[str, Any]) -> None:
    text = "before\n<!-- options: doctor -->\nold\n<!-- end -->\nafter\n"
    fresh = generate["fill_blocks"](text)
    assert fresh.startswith("before\n<!-- options: doctor -->\n")
    assert fresh.endswith("\n<!-- end -->\nafter\n")
    assert "| `--json` |" in fresh
    assert "old" not in fresh
    assert generate["fill_blocks"](fresh) == fresh


def test_every_command_with_options_has_a_table(generate: dict[str, Any]) -> None:
    page = (DOCS / "cli.md").read_text()
    names = {name for name, _ in generate["commands"](generate["app"])} - {"weights verify"}  # it has none
    assert {name for name in names if f"<!-- options: {name} -->" not in page} == set()
