"""The one error that is meant for the operator at the terminal and never for a person at a page."""


class StartError(Exception):
    """The service cannot start; the text is one line that says why and what to do."""
