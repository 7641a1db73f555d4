"""Wreck Detect: URL lists in, a versioned image dataset and an honest leaderboard out."""

__version__ = "1.0.0"
