"""The three rhythms of supervision: how they are set, when they run next and why, what ran, a run by hand."""
