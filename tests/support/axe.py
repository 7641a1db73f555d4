"""axe-core, the accessibility checker, inside a page."""

from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver

SCRIPT = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"


def faults(browser: webdriver.Chrome) -> list[dict[str, Any]]:
    """List the serious and critical faults of the open page; skips the test where axe-core is missing."""
    if not SCRIPT.exists():
        pytest.skip("needs axe-core: run make axe")
    # By the debugger, not as a script of the page: its policy would refuse that.
    browser.execute_cdp_cmd("Runtime.evaluate", {"expression": SCRIPT.read_text(encoding="utf-8")})
    browser.set_script_timeout(120)
    found = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    assert found["passes"], "axe looked at nothing"
    return [
        {"rule": fault["id"], "says": fault["help"], "where": [node["html"] for node in fault["nodes"]]}
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
