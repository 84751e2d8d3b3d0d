"""What administrators choose for the whole installation."""
