"""`python -m wreck_core` is `wreck`."""

from wreck_core.cli import app

app()
