"""A rule that asks the database: imports run downwards only."""

from workflow_service.store import rows
