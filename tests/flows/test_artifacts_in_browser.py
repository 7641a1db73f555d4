"""What a failed stage said is text in Prefect's artifacts, on the page of Prefect's own server."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import canary
import chrome
import commands
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from wreck_core.layout import Layout

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Publishes each text as a reason and as a label, tells the server's address, and ends with its input.
PUBLISH = """
import json, os, sys
from pathlib import Path
from wreck_core.layout import Layout

layout, texts = Layout(Path.cwd()), json.loads(sys.argv[1])
from flows import environment
environment.prepare(layout)
from flows import artifacts, server
from flows.outcomes import StageRun
from wreck_core.stages.diff import Diff

labels = {f"{n:064x}": text for n, text in enumerate(texts)}
with server.reachable(layout):
    runs = [StageRun(f"train@{n}", "failed", 1.0, text) for n, text in enumerate(texts)]
    artifacts.publish_stages(runs, layout.logs)
    artifacts.publish_dataset(Diff((frozenset(), frozenset(labels)), ({}, labels)))
    print(os.environ["PREFECT_API_URL"].removesuffix("/api"), flush=True)
    sys.stdin.read()
"""


def test_no_reason_or_label_runs_in_an_artifact(
    workspace: Layout, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    words = [sys.executable, "-c", PUBLISH, json.dumps(canary.TEXTS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with (
        chrome.started(tmp_path / "profile") as browser,
        subprocess.Popen(
            words, cwd=workspace.root, env=commands.environment(), text=True, **pipes
        ) as process,
    ):
        try:
            page = process.stdout.readline().strip()
            assert page.startswith("http://127.0.0.1:")
            for key in ("stages", "dataset"):
                browser.get(f"{page}/artifacts/key/{key}")
                told = WebDriverWait(browser, 60).until(
                    lambda driver: driver.find_elements(By.CSS_SELECTOR, "a[href*='/artifacts/artifact/']")
                )
                browser.get(told[0].get_attribute("href"))
                WebDriverWait(browser, 60).until(
                    lambda driver: canary.RUN in driver.find_element(By.TAG_NAME, "body").text
                )
                assert not canary.sang(browser)
                links = "a[href^='javascript'], iframe, img[src='x']"
                assert browser.find_elements(By.CSS_SELECTOR, links) == []
        finally:
            process.stdin.close()
    record_property("R15", f"{len(canary.TEXTS)} scripts as reasons and labels in Prefect's artifacts: 0 run")
