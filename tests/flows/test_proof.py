import json

import commands
import pytest

from wreck_core.layout import Layout


@pytest.mark.slow
def test_the_doctor_proves_that_a_scheduled_night_appears_and_leaves_nothing_behind(
    workspace: Layout,
) -> None:
    done = commands.run(workspace.root, "wreck", "doctor", "--json")
    (check,) = [each for each in json.loads(done.stdout)["checks"] if each["name"] == "schedule"]
    assert check["found"].startswith("a scheduled night appeared after")
    assert check["fix"] == ""
    assert not workspace.prefect_home.exists()
