"""The leaderboard: collated once into report.json, drawn from it alone."""
