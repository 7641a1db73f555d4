"""The Prefect door: when things run, how many at once, and who is told."""
