"""A use case that reads the environment instead of being given what it needs."""

from workflow_service.config import Settings
