"""Decisions over many plans at once: who waits, which meetings are planned, and what they decided."""
