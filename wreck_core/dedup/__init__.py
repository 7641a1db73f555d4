"""Which pictures are the same."""
