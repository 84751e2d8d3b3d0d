"""One run of a process: its diagram with the way travelled, who did what when, what waits and what went wrong."""
