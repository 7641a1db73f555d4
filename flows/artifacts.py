"""What Prefect's page shows of a run besides its states."""

from prefect.artifacts import create_link_artifact, create_markdown_artifact

from wreck_core.layout import Layout


def publish_leaderboard(layout: Layout) -> None:
    """Show the leaderboard, where there is one, as a table and as a link to its page."""
    table, page = layout.reports / "leaderboard.md", layout.reports / "leaderboard.html"
    if table.exists():
        create_markdown_artifact(
            markdown=table.read_text(encoding="utf-8"),
            key="leaderboard",
            description="Every backbone, ranked",
        )
    if page.exists():
        create_link_artifact(link=page.as_uri(), link_text="leaderboard.html", key="leaderboard-page")
