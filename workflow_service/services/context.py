"""Who acts: re-exported here because every use case takes it as its second argument."""

from workflow_service.identity.actor import SOURCES, Actor, is_within

__all__ = ["SOURCES", "Actor", "is_within"]
