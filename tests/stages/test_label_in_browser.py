"""The labelling page in a real browser, over a real server: keys, fingers, kills and lost lines."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import chrome
import fetched
import pandas as pd
import pytest
from fetched import jpeg, photo
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from wreck_core.labeling.records import Hint
from wreck_core.labeling.store import Store
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.stages import enqueue

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chrome.started(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def queue(layout: Layout, params: Params) -> Callable[[int], Layout]:
    """A workspace in which so many pictures wait."""

    def fill(many: int) -> Layout:
        fetched.store(layout, *((f"{seed}{HOSTILE}", jpeg(photo(seed))) for seed in range(many)))
        enqueue.run(params, layout)
        return layout

    return fill


@contextmanager
def served(layout: Layout) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serve the page as `wreck label --web` does; gives the process and the link, without a name."""
    words = ["-m", "wreck_core", "--workspace", str(layout.root), "label", "--web"]
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        line = process.stderr.readline()
        try:
            assert line.startswith("open http://127.0.0.1:"), line + process.stderr.read()
            yield process, line.split()[1]
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C; gives what the command says at its end."""
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return out


def wait(browser: Any, ready: Callable[[], object]) -> None:
    WebDriverWait(browser, 30, poll_frequency=0.02).until(lambda _: ready())


def settled(browser: Any) -> None:
    """Wait until a key would count."""
    wait(browser, lambda: browser.execute_script("return document.body.ariaBusy") == "false")


def enter(browser: Any, link: str, name: str) -> None:
    browser.get(f"{link}?as={name}")
    settled(browser)


def press(browser: Any, *keys: str) -> str:
    """Press keys at a person's pace; gives the headline after the last."""
    for key in keys:
        settled(browser)
        browser.switch_to.active_element.send_keys(key)
    settled(browser)
    return headline(browser)


def headline(browser: Any) -> str:
    return str(browser.find_element(By.ID, "headline").text)


def drag(browser: Any) -> None:
    """Draw a box over the middle quarter of the picture."""
    picture = browser.find_element(By.ID, "picture")
    wide, high = picture.size["width"], picture.size["height"]
    corner = (-wide // 4, -high // 4)
    moves = ActionChains(browser, duration=20).move_to_element_with_offset(picture, *corner)
    moves.click_and_hold().move_by_offset(wide // 2, high // 2).release().perform()
    wait(browser, lambda: headline(browser).startswith("box set"))


def events(layout: Layout) -> list[dict[str, Any]]:
    with Store(layout.label_db) as store:
        return list(store.events())


def said(layout: Layout) -> list[tuple[str, str | None]]:
    return [(event["kind"], event["label"]) for event in events(layout)]


def test_keys_label_box_flag_skip_undo_and_change(browser: Any, queue: Callable[[int], Layout]) -> None:
    layout = queue(6)
    with served(layout) as (process, link):
        browser.get(link)
        browser.find_element(By.ID, "name").send_keys("Ann B.", Keys.ENTER)
        settled(browser)
        assert "token" not in browser.current_url
        assert browser.current_url.endswith("/?as=Ann%20B.")
        drag(browser)
        press(browser, "f", "2", "f")
        assert press(browser, "1").startswith("damaged #1 saved")
        assert press(browser, " ").startswith("skipped")
        assert press(browser, "u") == "undone: skip"
        assert press(browser, "2", "4").startswith("reject #3 saved")
        assert press(browser, "a", "a") == "looking back: you said undamaged"
        assert press(browser, "3") == "undamaged changed to unsure"
        assert press(browser, "9", "x", Keys.F2) == "undamaged changed to unsure"
        assert browser.get_log("browser") == []
        assert re.search(r"2\s+damaged|3 labels given; 3 labels written", ended(process))
    kinds = [("label", "damaged"), ("skip", None), ("undo", None), ("label", "undamaged")]
    assert said(layout) == [*kinds, ("label", "reject"), ("label", "unsure")]
    first = events(layout)[0]
    assert [first[side] for side in "xywh"] == pytest.approx([0.25, 0.25, 0.5, 0.5], abs=0.01)
    assert (first["annotator"], first["flags"]) == ("Ann B.", "watermark")
    assert first["shown_ms"] >= 150
    assert pd.read_csv(layout.labels).label.value_counts().to_dict() == {
        "damaged": 1,
        "unsure": 1,
        "reject": 1,
    }


def test_a_service_manager_ends_it_as_ctrl_c_does(queue: Callable[[int], Layout]) -> None:
    layout = queue(1)
    with served(layout) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert "0 labels given" in process.communicate(timeout=60)[0]
        assert process.returncode == 0
    assert layout.labels.exists()


def test_a_key_too_soon_or_held_down_does_nothing(browser: Any, queue: Callable[[int], Layout]) -> None:
    layout = queue(5)
    with served(layout) as (_, link):
        enter(browser, link, "ann")
        # The second follows at once, the others are repeats of the finger that rests.
        browser.execute_script("""
            const down = (key, repeat) => document.body.dispatchEvent(
              new KeyboardEvent("keydown", { key, repeat, bubbles: true, cancelable: true }));
            down("1", false); down("2", false);""")
        settled(browser)
        for repeat in (True, True, True):
            browser.execute_script(
                """document.body.dispatchEvent(new KeyboardEvent(
                "keydown", { key: "1", repeat: arguments[0], bubbles: true, cancelable: true }))""",
                repeat,
            )
        press(browser, "2")
    assert said(layout) == [("label", "damaged"), ("label", "undamaged")]


def test_fingers_on_a_phone(browser: Any, queue: Callable[[int], Layout]) -> None:
    layout = queue(6)
    with served(layout) as (_, link):
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
        browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
        try:
            enter(browser, link, "ann")

            def touch(kind: str, *points: tuple[float, float]) -> None:
                told = {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]}
                browser.execute_cdp_cmd("Input.dispatchTouchEvent", told)

            def tap(selector: str) -> None:
                settled(browser)
                box = browser.find_element(By.CSS_SELECTOR, selector).rect
                assert box["height"] >= 44
                touch("touchStart", (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
                touch("touchEnd")
                settled(browser)

            frame = browser.find_element(By.ID, "picture").rect
            left, top = frame["x"], frame["y"]
            touch("touchStart", (left + 40, top + 40))
            touch("touchMove", (left + 200, top + 160))
            touch("touchEnd")
            wait(browser, lambda: headline(browser).startswith("box set"))
            touch("touchStart", (150, 300), (250, 300))
            touch("touchMove", (100, 300), (300, 300))
            touch("touchEnd")
            tags = browser.find_element(By.ID, "tags")
            wait(browser, lambda: "zoom 2.0" in tags.text)
            tap("[data-label=undamaged]")
            wait(browser, lambda: headline(browser).startswith("undamaged #1"))
            tap("[data-do=skip]")
            wait(browser, lambda: headline(browser).startswith("skipped"))
            tap("[data-do=undo]")
            wait(browser, lambda: headline(browser) == "undone: skip")
        finally:
            browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
            browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    assert said(layout) == [("label", "undamaged"), ("skip", None), ("undo", None)]
    box = [events(layout)[0][side] for side in "xywh"]
    assert box == pytest.approx(
        [40 / frame["width"], 40 / frame["height"], 160 / frame["width"], 120 / frame["height"]], abs=0.02
    )


def test_a_lost_line_loses_nothing_and_saves_once(browser: Any, queue: Callable[[int], Layout]) -> None:
    layout = queue(4)
    with served(layout) as (_, link):
        enter(browser, link, "ann")
        quiet = {"latency": 0, "download_throughput": -1, "upload_throughput": -1}
        browser.set_network_conditions(offline=True, **quiet)
        try:
            browser.switch_to.active_element.send_keys("1")
            wait(browser, lambda: headline(browser).startswith("NOT SAVED YET"))
            assert "fault" in browser.find_element(By.TAG_NAME, "body").get_attribute("class")
            browser.switch_to.active_element.send_keys("2")  # nobody is asked twice
        finally:
            browser.set_network_conditions(offline=False, **quiet)
        wait(browser, lambda: headline(browser).startswith("damaged #1 saved"))
        # The answer is committed, but the word of it is lost: the same question is asked again.
        browser.execute_script("""
            const real = window.fetch;
            window.fetch = async (...told) => {
              const reply = await real(...told);
              if (told[0] !== "decide") return reply;
              window.fetch = real;
              throw new TypeError("the line is lost");
            };""")
        assert press(browser, "2").startswith("undamaged #2 saved")
    assert said(layout) == [("label", "damaged"), ("label", "undamaged")]
    browser.get_log("browser")


def test_what_cannot_be_shown_and_an_empty_queue(browser: Any, queue: Callable[[int], Layout]) -> None:
    layout = queue(2)
    for path in layout.images.rglob("*.jpg"):
        path.write_bytes(path.read_bytes()[:200])
    with served(layout) as (_, link):
        enter(browser, link, "ann")
        notice = browser.find_element(By.CSS_SELECTOR, "#notice h1")
        assert notice.text == "This picture cannot be shown"
        assert press(browser, "1") == "What do you see?"
        press(browser, "i")
        facts = browser.find_element(By.ID, "info")
        assert HOSTILE in facts.text  # as text
        assert facts.find_elements(By.TAG_NAME, "img") == []
        assert press(browser, "4", "4").startswith("reject #2 saved")
        assert notice.text == "Nothing to label"
        assert "all done" in browser.find_element(By.CSS_SELECTOR, "#notice p").text
    assert said(layout) == [("label", "reject")] * 2
    browser.get_log("browser")


def test_a_page_of_pictures_is_checked_by_keys(browser: Any, queue: Callable[[int], Layout]) -> None:
    layout = queue(6)
    with Store(layout.label_db) as store:
        waiting = list(store.waiting("primary"))
        store.suggest("primary", {sha: Hint("damaged", 0.9, "m") for sha in waiting[3:]})
    with served(layout) as (_, link):
        enter(browser, link, "ann")
        press(browser, "g", "2")
        accept = browser.find_element(By.CSS_SELECTOR, "[data-do=accept]")
        assert accept.text.startswith("2 are damaged")
        assert press(browser, Keys.ENTER).startswith("2 damaged saved")
    assert said(layout) == [("label", "damaged")] * 2


@pytest.mark.parametrize("name", ["one", "help", "grid"])
def test_nothing_is_wider_than_the_window(browser: Any, queue: Callable[[int], Layout], name: str) -> None:
    layout = queue(3)
    with Store(layout.label_db) as store:
        store.suggest("primary", {sha: Hint("damaged", 0.9, "m") for sha in store.waiting("primary")})
    with served(layout) as (_, link):
        enter(browser, link, "ann")
        if name == "grid":
            press(browser, Keys.ESCAPE)
        press(browser, {"one": "m", "help": "?", "grid": "g"}[name])
        for width_px in (320, 390, 768, 1280, 1920):
            metrics = {"width": width_px, "height": 800, "deviceScaleFactor": 1, "mobile": False}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            wide = "return Math.max(...[...document.querySelectorAll('body *')].map(" + (
                "(each) => each.checkVisibility() && !each.closest('#picture') ?"
                " each.getBoundingClientRect().right : 0))"
            )
            assert browser.execute_script(wide) <= width_px + 0.5
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.slow
def test_sixty_pictures_two_people_and_a_server_killed_meanwhile(
    browser: Any, queue: Callable[[int], Layout], tmp_path_factory: pytest.TempPathFactory
) -> None:
    layout = queue(60)
    keys = ["1", "2", "3", "4"]
    with chrome.started(tmp_path_factory.mktemp("other")) as other:
        with served(layout) as (process, link):
            enter(browser, link, "ann")
            enter(other, link, "ben")
            drag(browser)
            for at in range(14):
                press(browser, keys[at % 2])
                press(other, keys[at % 4])
            assert press(other, "u").startswith("undone")
            process.kill()
            process.wait()
            browser.switch_to.active_element.send_keys("1")
            wait(browser, lambda: headline(browser).startswith("NOT SAVED YET"))
        kept = len([event for event in events(layout) if event["kind"] == "label"])
        assert kept == 28
        with served(layout) as (process, link):
            for person, name in ((browser, "ann"), (other, "ben")):
                person.execute_script("window.onbeforeunload = null")
                enter(person, link, name)
            for at in range(80):
                for person in (browser, other):
                    if person.find_element(By.TAG_NAME, "body").get_attribute("data-scene") == "one":
                        press(person, keys[at % 2])
            assert "60 labels written" in ended(process)
        other.get_log("browser")
    labels = [event for event in events(layout) if event["kind"] == "label"]
    undone = {event["undoes"] for event in events(layout) if event["kind"] == "undo"}
    standing = [event["sha256"] for event in labels if event["uid"] not in undone]
    assert len(standing) == len(set(standing)) == 60
    assert {event["annotator"] for event in labels} == {"ann", "ben"}
    assert labels[0]["w"] == pytest.approx(0.5, abs=0.01)
    assert len(pd.read_csv(layout.labels)) == 60
    browser.get_log("browser")
