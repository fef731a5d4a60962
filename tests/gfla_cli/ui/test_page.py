"""The page in a real browser: somebody animates a picture, looks at the result, comes back, and deletes it."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from models.errors import InputError
from pipelines.batch.jobs import Job
from tests.helpers.chromium import open_chromium, read_requests
from tests.helpers.small_batches import write_small_clip, write_small_source
from tests.helpers.ui_pages import ServedPage, serve_page

from gfla_cli.ui.checks import CheckAnswer, CheckStep  # isort: skip

selenium = pytest.importorskip("selenium", reason="the Python package selenium is missing")
from selenium.common.exceptions import StaleElementReferenceException  # noqa: E402
from selenium.webdriver import Chrome  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.remote.webelement import WebElement  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

pytestmark = pytest.mark.browser


@pytest.fixture
def page(tmp_path: Path) -> Iterator[ServedPage]:
    with serve_page(tmp_path / "ui") as served:
        yield served


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with open_chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def chromium(browser: Chrome, page: ServedPage) -> Iterator[Chrome]:
    """The browser with the page; at the end, it has asked nothing of other hosts, and nothing has gone wrong."""
    browser.get("about:blank")
    read_requests(browser)  # of the browser's own pages
    browser.get(page.url)
    until(browser, lambda: shown(browser, "#animate-submit"))
    yield browser
    browser.get("about:blank")
    urls = [url for url in read_requests(browser) if url != "about:blank"]
    assert sum(url.startswith(page.url) for url in urls) > 5
    assert [url for url in urls if not url.startswith((page.url, "data:", "blob:"))] == []
    assert [each for each in browser.get_log("browser") if "422" not in each["message"]] == []


def shown(browser: Chrome, selector: str, text: str = "") -> list[WebElement]:
    """What people see of the elements that match, and contain the text."""
    found = browser.find_elements(By.CSS_SELECTOR, selector)
    return [each for each in found if each.is_displayed() and text in each.text]


def until(browser: Chrome, condition: Callable[[], object], seconds: int = 60) -> None:
    redrawn = [StaleElementReferenceException]
    WebDriverWait(browser, seconds, poll_frequency=0.1, ignored_exceptions=redrawn).until(lambda _: condition())


def choose_file(browser: Chrome, zone: str, path: Path) -> str:
    """What the place for a file says when it is uploaded."""
    browser.find_element(By.CSS_SELECTOR, f"#{zone} input").send_keys(str(path))
    note = browser.find_element(By.CSS_SELECTOR, f"#{zone} .note")
    until(browser, lambda: note.text and not note.text.startswith(("Uploading", "Checking")))
    return note.text


def use_example(browser: Chrome) -> None:
    shown(browser, "button", "Use the example")[0].click()
    until(browser, lambda: len(shown(browser, ".drop.filled")) == 2)


def test_a_picture_is_animated_and_a_closed_page_loses_nothing(
    chromium: Chrome, page: ServedPage, tmp_path: Path
) -> None:
    source, driving = write_small_source(tmp_path / "anna <b>.png"), write_small_clip(tmp_path / "walk.mp4", frames=6)
    (tmp_path / "page.mp4").write_text("<!doctype html><title>a</title>")
    assert "is a web page" in choose_file(chromium, "animate-driving", tmp_path / "page.mp4")
    assert choose_file(chromium, "animate-source", source) == "anna _b.png, 180 × 240"
    assert choose_file(chromium, "animate-driving", driving) == "walk.mp4, 180 × 240, 0.2 s"
    shown(chromium, ".option-quality label", "Fast")[0].click()
    shown(chromium, "button", "More options")[0].click()
    until(chromium, lambda: shown(chromium, ".option-keypoints label", "Bundled"))
    shown(chromium, ".option-keypoints label", "Bundled")[0].click()
    shown(chromium, "#animate-submit")[0].click()
    until(chromium, lambda: shown(chromium, ".panel progress"))
    # The result plays beside the driving video
    until(chromium, lambda: len(shown(chromium, ".panel .media video")) == 2, 120)
    video = "return document.querySelector('.media video')"
    until(chromium, lambda: chromium.execute_script(f"{video}.currentTime > 0"))
    assert chromium.execute_script(f"{video}.videoWidth") == 180
    assert chromium.execute_script(f"{video}.paused") is False
    (row,) = page.desk.queue.rows()
    assert (row["state"], row["frames"]) == ("done", 6)
    # Its report says how it was made
    path = str(shown(chromium, ".buttons a", "Report")[0].get_attribute("href")).removeprefix(page.url)
    status, data, headers = page.request("GET", path)
    assert (status, headers["content-disposition"]) == (200, 'attachment; filename="anna _b--walk.json"')
    assert json.loads(data)["record"]["options"]["quality"] == "fast"
    # Whoever comes back finds it
    chromium.refresh()
    until(chromium, lambda: shown(chromium, ".job", "anna _b--walk"))
    until(chromium, lambda: chromium.execute_script("return document.querySelector('.job img').naturalWidth > 0"))
    shown(chromium, ".job", "anna _b--walk")[0].click()
    until(chromium, lambda: shown(chromium, ".panel .media video"))
    # Deleted, it is gone
    shown(chromium, ".panel button", "Delete")[0].click()
    chromium.switch_to.alert.accept()
    until(chromium, lambda: not shown(chromium, ".job"))
    assert list(page.desk.queue.folder.glob("*.mp4")) == []


def test_a_preview_is_shown_and_ends_when_the_animation_begins(
    chromium: Chrome, page: ServedPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, ended = threading.Event(), threading.Event()

    async def check(*_: object) -> AsyncIterator[CheckStep | CheckAnswer]:
        if going.is_set():
            yield CheckAnswer({"verdict": "impossible", "reasons": ["nobody <b>is</b> there"]}, None)
            return
        try:
            for number in range(1000):
                yield CheckStep("keypoints", number, 1000)
                await asyncio.sleep(0.1)
        finally:
            ended.set()

    use_example(chromium)
    monkeypatch.setattr("gfla_cli.ui.desk.check_inputs", check)
    monkeypatch.setattr(page.desk, "submit", lambda *_: None)
    shown(chromium, "button", "Preview")[0].click()
    until(chromium, lambda: shown(chromium, ".panel", "Looking at both files: keypoints"))
    shown(chromium, "#animate-submit")[0].click()
    until(chromium, ended.is_set)
    going.set()
    until(chromium, lambda: shown(chromium, ".panel.welcome"))
    shown(chromium, "button", "Preview")[0].click()
    until(chromium, lambda: shown(chromium, ".panel .doubts", "nobody <b>is</b> there"))


def test_what_is_wrong_is_said(chromium: Chrome, page: ServedPage, monkeypatch: pytest.MonkeyPatch) -> None:
    shown(chromium, "#animate-submit")[0].click()
    until(chromium, lambda: shown(chromium, ".message.error", "choose a picture first"))
    use_example(chromium)
    chromium.find_element(By.CSS_SELECTOR, ".option-end textarea").send_keys("later")
    shown(chromium, "#animate-submit")[0].click()
    until(chromium, lambda: shown(chromium, ".message.error", "'later' is not a time"))
    # A click that can't be obeyed
    options = {"source": "/nowhere/a.png", "driving": "/nowhere/a.mp4"}
    page.desk.queue.add(Job("a job", "animate", options, "a.mp4"))
    page.desk.queue.cancel("a job")

    def refuse(*_: object) -> None:
        raise InputError("process 7 is working on it")

    until(chromium, lambda: shown(chromium, ".job", "Cancelled"))
    monkeypatch.setattr(page.desk, "act", refuse)
    shown(chromium, ".job")[0].click()
    until(chromium, lambda: shown(chromium, ".message.error", "process 7 is working on it"))


def test_it_suits_phones_and_screen_readers(chromium: Chrome) -> None:
    unnamed = """return [...document.querySelectorAll('button, input, textarea, video')].filter((each) =>
        each.checkVisibility() && !each.innerText && !each.ariaLabel && !each.labels?.length && !each.muted)"""
    assert chromium.execute_script(unnamed) == []
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    use_example(chromium)
    assert chromium.execute_script("return [document.documentElement.scrollWidth, innerWidth]") == [390, 390]
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
