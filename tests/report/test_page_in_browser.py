"""The page in a real browser: nothing on the console, nothing wider than the window, a click sorts."""

import answered
import axe
import chrome
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from wreck_core.stages import report

pytestmark = pytest.mark.browser

LONGEST = "w" * 64  # the longest name that params.yaml takes


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chrome.started(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def opened(browser, layout, params):
    answered.fill(layout, source="<img src=x onerror=alert(1)>" + "w" * 300)
    answered.answer(layout, "mobilenet", 1.6, ms_per_image_p50=5.0)
    answered.answer(layout, "resnet50", 1.65, ms_per_image_p50=90.0)
    answered.answer(layout, LONGEST, 1.2, ms_per_image_p50=9.0)
    answered.fail(layout, "xception", "no weights under " + "x" * 400)
    report.run(answered.board_of(params, "mobilenet", "resnet50", LONGEST, "xception"), layout)
    browser.get((layout.reports / "leaderboard.html").as_uri())
    return browser


def test_console_stays_clean_and_the_policy_lets_style_and_script_in(opened):
    assert opened.get_log("browser") == []
    assert opened.find_element(By.TAG_NAME, "h1").value_of_css_property("font-weight") == "500"
    assert opened.find_elements(By.CSS_SELECTOR, "thead button")


@pytest.mark.parametrize("width_px", [390, 768, 1280, 1920])
def test_nothing_is_wider_than_the_window(opened, width_px):
    metrics = {"width": width_px, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    assert opened.execute_script("return window.innerWidth") == width_px
    assert opened.execute_script("return document.documentElement.scrollWidth") <= width_px


def test_slider_moves_the_counts_and_finds_the_cheapest_threshold(opened):
    def counts():
        return [int(opened.find_element(By.ID, f"pick-{name}").text) for name in names]

    names = ("found", "missed", "alarms", "passed")
    slider, total = opened.find_element(By.ID, "pick"), sum(counts())
    assert opened.find_element(By.ID, "pick-value").text == "0.50"
    move = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))"
    opened.execute_script(move, slider, 0)
    assert counts()[1] == counts()[3] == 0
    opened.execute_script(move, slider, 100)
    assert counts()[0] == counts()[2] == 0
    assert sum(counts()) == total
    opened.execute_script(move, opened.find_element(By.ID, "pick-cost"), 1000)
    opened.find_element(By.ID, "pick-cheapest").click()
    found, missed, alarms, _ = counts()
    assert missed == 0
    assert found > 0
    value = int(slider.get_attribute("value"))
    opened.execute_script(move, slider, value + 1)
    assert counts()[1] > 0 or counts()[2] == alarms


def test_a_cell_of_a_pair_shows_the_pictures_on_which_the_two_differ(opened):
    cell = opened.find_element(By.CSS_SELECTOR, ".pairs tbody td a")
    pair = opened.find_element(By.CSS_SELECTOR, cell.get_dom_attribute("href"))
    assert not pair.find_element(By.CSS_SELECTOR, "figure").is_displayed()
    cell.click()
    shown = pair.find_elements(By.CSS_SELECTOR, "figure")
    assert shown
    assert all(figure.is_displayed() for figure in shown)
    assert all(figure.text.count("✓") == 1 for figure in shown)


def test_filters_of_the_gallery_leave_what_matches_and_its_headings(opened):
    def shown():
        return [
            each for each in opened.find_elements(By.CSS_SELECTOR, "#gallery figure") if each.is_displayed()
        ]

    def choose(name, text):
        Select(opened.find_element(By.NAME, name)).select_by_visible_text(text)

    everything = len(shown())
    choose("kind", "Missed")
    assert {each.get_attribute("data-kind") for each in shown()} == {"missed"}
    assert (
        len([each for each in opened.find_elements(By.CSS_SELECTOR, "#gallery h3") if each.is_displayed()])
        == 1
    )
    choose("label", "undamaged")
    assert shown() == []
    choose("kind", "all")
    assert {each.get_attribute("data-label") for each in shown()} == {"undamaged"}
    choose("wrong", LONGEST)
    place = opened.find_element(By.XPATH, f"//option[.='{LONGEST}'][ancestor::*[@name='wrong']]")
    assert shown()
    assert all(place.get_attribute("value") in each.get_attribute("data-wrong").split() for each in shown())
    choose("label", "all")
    choose("wrong", "any or none")
    assert len(shown()) == everything


def test_theme_button_turns_the_page_dark_and_light(opened):
    def paper():
        return opened.find_element(By.TAG_NAME, "body").value_of_css_property("background-color")

    button, before = opened.find_element(By.ID, "theme"), paper()
    button.click()
    assert paper() != before
    button.click()
    assert paper() == before


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width_px", [390, 1280])
def test_axe_finds_no_serious_accessibility_fault(opened, theme, width_px):
    metrics = {"width": width_px, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    opened.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
    opened.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert axe.faults(opened) == []


def test_a_click_sorts_and_says_so(opened):
    def scores():
        cells = opened.find_elements(By.CSS_SELECTOR, ".board tbody td:nth-child(3):not(.reason)")
        return [float(cell.get_attribute("data-value")) for cell in cells]

    head = next(
        cell
        for cell in opened.find_elements(By.CSS_SELECTOR, ".board thead th")
        if cell.text.startswith("AUC")
    )
    head.find_element(By.TAG_NAME, "button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert scores() == sorted(scores())
    assert len(scores()) == 6
    head.find_element(By.TAG_NAME, "button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert scores() == sorted(scores(), reverse=True)
    last = opened.find_elements(By.CSS_SELECTOR, ".board tbody tr")[-1]
    assert last.get_attribute("class") == "failed"
