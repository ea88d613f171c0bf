"""A live run: watches → the fold → outbox → exporter, and the checkpoint that makes it survive."""
