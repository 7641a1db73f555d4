"""Wreck Detect: URL lists in, a versioned image dataset and an honest leaderboard out."""

__version__ = "0.1.0"
