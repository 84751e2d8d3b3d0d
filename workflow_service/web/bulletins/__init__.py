"""Ten-day bulletins: the list, and reading one."""
