"""Plans: the list, one plan with its whole life, and the application for a new one."""
