"""Labels and clusters to a manifest with sticky folds."""
