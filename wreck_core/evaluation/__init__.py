"""Metrics, intervals and baselines, from out-of-fold predictions alone."""
