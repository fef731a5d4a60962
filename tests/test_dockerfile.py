"""The Dockerfile gets the files that the package is built from, and the system libraries that the README names."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_the_build_gets_what_the_package_is_made_of() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {name.partition(".")[0] for name in config["tool"]["setuptools"]["packages"]["find"]["include"]}
    files = {config["project"]["readme"], *config["project"]["license-files"], "pyproject.toml", "constraints.txt"}
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line[1:] for line in lines if line.startswith("!")} == packages | files


def test_the_readme_names_the_same_system_libraries() -> None:
    installed = re.search(r"apt-get install [-a-z ]*? (lib.*?) \\", DOCKERFILE)
    named = re.search(r"`apt install (.*?)`", (ROOT / "README.md").read_text())
    assert installed
    assert named
    assert installed[1] == named[1]


def test_the_readme_sets_an_argument_that_the_dockerfile_has() -> None:
    arguments = re.findall(r"--build-arg (\w+)=", (ROOT / "README.md").read_text())
    assert arguments
    assert {f"ARG {name}" for name in arguments} <= set(re.findall(r"^ARG \w+", DOCKERFILE, re.MULTILINE))
