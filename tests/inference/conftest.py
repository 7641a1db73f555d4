"""TensorFlow as the commands start it."""

import pytest

from wreck_core.training import runtime


@pytest.fixture(autouse=True, scope="session")
def _threads() -> None:
    """Fix the threads before the first operation: TensorFlow takes no other number afterwards."""
    runtime.start(threads=2, seed=29)
