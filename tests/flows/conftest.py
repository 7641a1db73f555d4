"""One Prefect server for all tests of the flows; it takes up to half a minute to start."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
from absl.logging import get_absl_handler

from flows.environment import prepare
from wreck_core.layout import Layout

# Prefect reads its settings when the tests import it, which is after this.
prepare(Layout(Path(tempfile.gettempdir()) / "wreck-detect-tests"))

# Prefect closes all log handlers that it finds. Where a test has brought TensorFlow before, absl's would then
# close what pytest has put in the place of stderr; the true one it leaves alone.
get_absl_handler().python_handler.setStream(sys.__stderr__)


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """A temporary server with a database of its own."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=90):
        yield


@pytest.fixture
def workspace(tmp_path: Path) -> Layout:
    """A workspace of tiny stages."""
    return tiny.build(tmp_path)
