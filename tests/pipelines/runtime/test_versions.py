"""Versions of packages without importing them."""

import platform
from importlib.metadata import version

from pipelines.runtime.versions import versions


def test_installed_packages_have_their_version_and_missing_ones_say_so() -> None:
    found = versions(("numpy", "no-such-package"))
    assert found == {"python": platform.python_version(), "numpy": version("numpy"), "no-such-package": "not installed"}


def test_the_packages_that_affect_results_are_included() -> None:
    assert {"python", "gfla", "torch", "av", "pillow"} <= versions().keys()
