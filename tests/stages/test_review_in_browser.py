"""The served review page in a real browser: keys decide, nothing moves before it is written down."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import chrome
import fetched
import pytest
from fetched import jpeg, photo, smaller
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from wreck_core import files
from wreck_core.dedup import decisions
from wreck_core.layout import Layout

pytestmark = pytest.mark.browser

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chrome.started(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def opened(browser: Any, layout: Layout) -> Iterator[Any]:
    """The page of three clusters, as `wreck dedup --review --serve` shows it until Ctrl-C."""
    pictures = [(f"{seed}", jpeg(photo(seed))) for seed in SEEDS]
    fetched.store(layout, *pictures, *((f"small{seed}", jpeg(smaller(photo(seed)))) for seed in SEEDS))
    words = [
        "-m",
        "wreck_core",
        "--workspace",
        str(layout.root),
        "dedup",
        "--review",
        "--serve",
        "--as",
        "ann",
    ]
    with subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True) as served:
        assert served.stderr
        browser.get(served.stderr.readline().removeprefix("open "))
        yield browser
        browser.get("about:blank")
        served.send_signal(signal.SIGINT)
        assert served.wait(timeout=60) == 0


def press(browser: Any, key: str, then: str) -> None:
    """Press a key and wait for what the status line is to say."""
    browser.switch_to.active_element.send_keys(key)
    status = browser.find_element(By.ID, "status")
    WebDriverWait(browser, 20).until(lambda _: re.match(then, status.text))


def said(layout: Layout) -> list[bool]:
    return list(decisions.read(layout.decisions).values())


def focused(browser: Any) -> int:
    members = browser.find_elements(By.CLASS_NAME, "member")
    return members.index(browser.switch_to.active_element)


def test_keys_decide_and_undo(opened: Any, layout: Layout) -> None:
    press(opened, "j", "S same")
    press(opened, "d", "different, saved · 1 in all")
    assert focused(opened) == 1
    press(opened, "s", "same, saved · 2 in all")
    assert focused(opened) == 2
    assert said(layout) == [False, True]
    press(opened, "u", "taken back · 1 in all")
    assert focused(opened) == 1
    press(opened, "u", "taken back · 0 in all")
    press(opened, "u", "nothing to undo")
    assert said(layout) == []
    assert opened.get_log("browser") == []


def test_a_reload_shows_what_was_decided_and_it_can_be_decided_anew(opened: Any, layout: Layout) -> None:
    press(opened, "j", "S same")
    press(opened, "d", "different, saved")
    opened.refresh()
    apart = opened.find_element(By.CSS_SELECTOR, "#apart .member")
    assert apart.find_element(By.CLASS_NAME, "said").text == "ann said: different"
    opened.execute_script("arguments[0].scrollIntoView({block: 'center'})", apart)
    apart.find_element(By.CSS_SELECTOR, "button[data-said=same]").click()
    WebDriverWait(opened, 20).until(lambda _: said(layout) == [True])


def test_what_could_not_be_saved_is_told_and_nothing_moves(opened: Any, layout: Layout) -> None:
    press(opened, "j", "S same")
    with files.locked(layout.locks, "decisions"):
        press(opened, "d", "NOT SAVED: .*busy")
    assert focused(opened) == 0
    assert said(layout) == []
    press(opened, "d", "different, saved")
    opened.get_log("browser")  # the refusal above is on the console, as it should be


def test_nothing_is_wider_than_the_window(opened: Any) -> None:
    for width_px in (390, 1280, 1920):
        metrics = {"width": width_px, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        assert opened.execute_script("return document.documentElement.scrollWidth") <= width_px
