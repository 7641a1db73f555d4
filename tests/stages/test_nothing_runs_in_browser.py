"""What strangers wrote is text in the report and on the labelling page: a real browser runs none of it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import answered
import canary
import chrome
import fetched
import pandas as pd
import pytest
from fetched import jpeg, photo
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import enqueue, report

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MANY = len(canary.TEXTS)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chrome.started(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


def test_a_page_that_lets_scripts_run_is_noticed(browser: Any, tmp_path: Any) -> None:
    page = tmp_path / "careless.html"
    for text in canary.TEXTS[:5]:
        page.write_text(f'<!doctype html><input value="{text}"><div>{text}</div>')
        browser.get(page.as_uri())
        WebDriverWait(browser, 20).until(canary.sang)
    browser.get_log("browser")


def test_no_source_address_or_reason_runs_in_the_report(
    browser: Any, layout: Layout, params: Params, record_property: Callable[[str, object], None]
) -> None:
    answered.fill(layout)
    texts = [canary.TEXTS[number % MANY] for number in range(160)]
    for path, columns in ((layout.manifest, ["source"]), (layout.candidates, ["url"])):
        pd.read_parquet(path).assign(**dict.fromkeys(columns, texts)).to_parquet(path)
    for name, skill in (("mobilenet", 0.6), ("resnet50", 0.7)):
        answered.answer(layout, name, skill)
    answered.fail(layout, "xception", " ".join(canary.TEXTS))
    board = answered.board_of(params, "mobilenet", "resnet50", "xception", gallery=40)
    report.run(board, layout)
    page = layout.reports / "leaderboard.html"
    browser.get(page.as_uri())
    for details in browser.find_elements(By.TAG_NAME, "details"):
        browser.execute_script("arguments[0].open = true", details)
    seen = browser.find_element(By.TAG_NAME, "body").get_property("textContent")
    assert {text for text in canary.TEXTS if text[:50] not in seen and text.isprintable()} == set()
    for link in browser.find_elements(By.CSS_SELECTOR, "a[href^='javascript'], iframe, object, embed"):
        raise AssertionError(link.get_attribute("outerHTML"))
    assert not canary.sang(browser)
    assert browser.get_log("browser") == []  # not even a script that the policy stopped
    record_property("R15", f"{MANY} scripts as sources, addresses and reasons of a report in Chromium: 0 run")


def settled(browser: Any) -> bool:
    """Whether a key would count."""
    return browser.execute_script("return document.body.ariaBusy") == "false"


def test_no_address_runs_on_the_labelling_page(
    browser: Any, layout: Layout, params: Params, record_property: Callable[[str, object], None]
) -> None:
    names = [f"{number}.jpg?{text}" for number, text in enumerate(canary.TEXTS)]
    fetched.store(layout, *((name, jpeg(photo(seed))) for seed, name in enumerate(names)))
    enqueue.run(params, layout)
    words = ["-m", "wreck_core", "--workspace", str(layout.root), "label", "--web"]
    process = subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True)
    try:
        link = process.stderr.readline().split()[1]
        browser.get(f"{link}?as=ann")
        WebDriverWait(browser, 60, 0.02).until(settled)
        browser.switch_to.active_element.send_keys("i")
        shown = ""
        for _ in range(MANY):
            WebDriverWait(browser, 60, 0.02).until(settled)
            shown += browser.find_element(By.ID, "info").text
            browser.switch_to.active_element.send_keys("1")
            assert not canary.sang(browser)
        assert browser.get_log("browser") == []
    finally:
        process.kill()
        process.communicate()
    assert {text for text in canary.TEXTS if text not in shown and text.isprintable()} == set()
    record_property("R15", f"{MANY} scripts as addresses on the labelling page in Chromium: 0 run")
