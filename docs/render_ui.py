"""Makes docs/images/ui.png: the page of `gfla ui` with the example, in a headless Chromium.

    python docs/render_ui.py docs/images

Needs the extra `dev`, chromium and its driver. Run it again when the page or the bundled weights of people change.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

WIDTH, HEIGHT = 1280, 860  # pixels of the page
COLOURS = 160  # of the picture, so that it is small


def main(folder: Path) -> None:
    """Write the picture into `folder`."""
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, "-m", "gfla_cli", "ui", "--folder", f"{work}/ui", "--port", "0", "--no-open"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                picture = photograph(server.stdout.readline().strip())
            finally:
                server.terminate()
    picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT).save(folder / "ui.png", optimize=True)


def photograph(url: str) -> Image.Image:
    """The page at `url`, after it has animated the example."""
    options = webdriver.ChromeOptions()
    for flag in ("headless=new", f"window-size={WIDTH},{HEIGHT}", *["no-sandbox"] * (os.geteuid() == 0)):
        options.add_argument(f"--{flag}")
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    browser = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get(url)
        press(browser, "button.example")
        wait(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, ".drop.filled")) == 2)
        press(browser, "#animate-submit")
        wait(
            browser, lambda: browser.execute_script("return document.querySelector('.media video')?.currentTime > 1.4")
        )
        time.sleep(4)  # until the controls of the videos have faded
        return Image.open(BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    finally:
        browser.quit()


def press(browser: webdriver.Chrome, selector: str) -> None:
    """Click on a button when it is there."""
    wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, selector))
    browser.find_element(By.CSS_SELECTOR, selector).click()


def wait(browser: webdriver.Chrome, condition: Callable[[], object]) -> None:
    """Wait, as long as an animation may take."""
    WebDriverWait(browser, 300).until(lambda _: condition())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
