"""Tasks: what waits, what was done, what one started; and the page on which a task is worked."""
