"""The report in a real browser, opened from the file system."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.batch.report import write_report
from pipelines.batch.thumbnails import make_thumbnails
from tests.helpers.batch_reports import HOSTILE, repeat_rows, write_results
from tests.helpers.chromium import open_chromium

selenium = pytest.importorskip("selenium", reason="the Python package selenium is missing")
from selenium import webdriver  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.remote.webelement import WebElement  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with open_chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("100% <b>")
    rows = write_results(folder)
    about = {"warnings": [HOSTILE, "b"], "wall_seconds": 7.5}
    write_report(folder, rows, command=f"gfla batch {HOSTILE}", thumbnails=make_thumbnails(folder, rows), **about)
    return folder / "report.html"


@pytest.fixture
def page(chromium: webdriver.Chrome, report: Path) -> webdriver.Chrome:
    chromium.get(report.as_uri())
    return chromium


def lines(page: webdriver.Chrome) -> list[str]:
    """Names of the jobs shown, from top to bottom."""
    return [name.text for name in page.find_elements(By.CSS_SELECTOR, "#rows .of-name b")]


def opener(page: webdriver.Chrome, name: str) -> WebElement:
    return page.find_element(By.CSS_SELECTOR, f'.open[aria-label$=" {name}"]')


def until(page: webdriver.Chrome, condition: str) -> None:
    WebDriverWait(page, 10).until(lambda page: page.execute_script(f"return {condition}"), condition)


def test_hostile_names_are_shown_and_do_nothing(page: webdriver.Chrome) -> None:
    assert len(lines(page)) == 12
    assert HOSTILE in lines(page)
    assert page.find_element(By.ID, "command").text == f"gfla batch {HOSTILE}"
    assert [item.text for item in page.find_elements(By.CSS_SELECTOR, "#warnings li")] == [HOSTILE, "b"]
    assert "last run 7.5 s" in page.find_element(By.ID, "summary").text
    assert page.title == "gfla batch: 7 of 12 jobs done"
    assert page.get_log("browser") == []


def test_a_video_plays_in_place_and_is_not_loaded_before(page: webdriver.Chrome) -> None:
    opener(page, "video").send_keys(Keys.ENTER)
    until(page, "document.querySelector('video').currentTime > 0.3")
    video = page.find_element(By.TAG_NAME, "video")
    assert (video.get_attribute("preload"), page.switch_to.active_element) == ("none", video)
    assert str(video.get_attribute("poster")).startswith("data:image/jpeg;base64,")
    assert page.execute_script("return document.querySelector('video').videoWidth") == 96
    opener(page, "video").click()
    assert not page.find_elements(By.TAG_NAME, "video")


@pytest.mark.parametrize(("name", "pictures"), [("gif", 1), ("sheet", 1), ("folder", 3), ("pattern", 4)])
def test_pictures_are_shown_in_place(page: webdriver.Chrome, name: str, pictures: int) -> None:
    opener(page, name).click()
    loaded = "[...document.querySelectorAll('.detail img')].filter((image) => image.naturalWidth).length"
    until(page, f"{loaded} === {pictures}")


def test_a_video_that_is_gone_says_so(page: webdriver.Chrome) -> None:
    opener(page, "gone").click()
    until(page, "document.querySelector('.detail').textContent.includes('no longer there')")


def test_every_result_that_is_there_has_a_thumbnail(page: webdriver.Chrome) -> None:
    until(page, "[...document.querySelectorAll('.open img')].filter((image) => image.src).length === 6")


def test_rows_are_filtered_by_state_and_by_text(page: webdriver.Chrome) -> None:
    page.find_element(By.CSS_SELECTOR, "#states [value=failed]").click()
    assert lines(page) == [HOSTILE, "bad-10", "bad-9"]
    page.find_element(By.ID, "text").send_keys("EMPTY 10")
    assert lines(page) == ["bad-10"]
    assert page.find_element(By.ID, "matches").text == "1 job of 12"
    page.find_element(By.CSS_SELECTOR, "#states [value='']").click()
    page.find_element(By.ID, "text").clear()
    page.find_element(By.ID, "text").send_keys("bea.png")
    assert lines(page) == ["webm"]


def test_columns_sort_both_ways_with_unknown_values_last(page: webdriver.Chrome) -> None:
    head = page.find_element(By.CSS_SELECTOR, "[data-key=seconds]")
    head.find_element(By.TAG_NAME, "button").click()
    assert (lines(page)[:3], head.get_attribute("aria-sort")) == (["gif", "folder", "pattern"], "ascending")
    head.find_element(By.TAG_NAME, "button").click()
    assert (lines(page)[0], head.get_attribute("aria-sort")) == ("video", "descending")
    assert {"waiting", "now"} <= set(lines(page)[7:])
    page.find_element(By.CSS_SELECTOR, "[data-key=name] button").click()
    assert lines(page).index("bad-9") + 1 == lines(page).index("bad-10")


def test_a_phone_needs_no_scrolling_sideways(page: webdriver.Chrome) -> None:
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    page.refresh()
    opener(page, "video").click()
    assert page.execute_script("return [document.documentElement.scrollWidth, innerWidth]") == [390, 390]
    assert page.find_element(By.ID, "sort").is_displayed()
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_ten_thousand_jobs_are_made_as_the_reader_scrolls(chromium: webdriver.Chrome, tmp_path: Path) -> None:
    rows = repeat_rows(write_results(tmp_path), 10_000)
    write_report(tmp_path, rows, command="gfla batch", thumbnails={row["name"]: b"\xff" * 3000 for row in rows})
    chromium.get((tmp_path / "report.html").as_uri())
    shown = "document.querySelectorAll('#rows tr').length"
    until(chromium, f"{shown} === 60")
    chromium.execute_script("scrollTo(0, document.body.scrollHeight)")
    until(chromium, f"{shown} === 120")
    chromium.find_element(By.ID, "text").send_keys("bad-9-9999")
    assert lines(chromium) == []
    chromium.find_element(By.ID, "text").clear()
    chromium.find_element(By.ID, "text").send_keys(f"{rows[-1]['name']}")
    assert lines(chromium) == [rows[-1]["name"]]
