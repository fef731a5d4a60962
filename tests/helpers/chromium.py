"""A headless Chromium for tests with the mark `browser`, with its console and its network in the logs."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
QUIET = ("background-networking", "component-update", "sync", "gpu", "quic", "dev-shm-usage")


@contextmanager
def open_chromium(profile: Path) -> Iterator["Chrome"]:
    """A browser with its profile in this folder; skips the test where there is none."""
    pytest.importorskip("selenium", reason="the Python package selenium is missing")
    from selenium import webdriver

    if CHROMIUM is None or DRIVER is None:
        pytest.skip(f"no {'chromedriver' if CHROMIUM else 'Chromium'} here (Debian: chromium and chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    flags = [f"disable-{name}" for name in QUIET] + ["headless=new", "no-first-run", "window-size=1280,900"]
    flags += [f"user-data-dir={profile}"] + ["no-sandbox"] * (os.geteuid() == 0)
    for flag in flags:
        options.add_argument(f"--{flag}")
    browser = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        yield browser
    finally:
        browser.quit()


def read_requests(browser: "Chrome") -> list[str]:
    """URLs that pages have asked for since the last call, those that were refused as well."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
