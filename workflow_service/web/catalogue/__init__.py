"""Changes of the catalogue (目录调整): the list, one change with what it does, proposing and amending."""
