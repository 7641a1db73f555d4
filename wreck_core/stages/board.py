"""Who leads the leaderboard as it stands, for the stages that ask a model."""

from wreck_core import files
from wreck_core.layout import Layout


def leader(layout: Layout) -> str | None:
    """Name the leader; None without a leaderboard, or when nothing on it could be trained."""
    board = layout.leaderboard_json
    name: str | None = files.read_json(board)["leader"] if board.exists() else None
    return name
