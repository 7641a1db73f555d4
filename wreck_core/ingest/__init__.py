"""URL lists to verified pictures in the store."""
