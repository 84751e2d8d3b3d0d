"""What stopped running plans and waits to be settled."""
