"""A run: many messages, one connection after another, and what became of each."""
