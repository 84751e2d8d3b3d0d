"""Deployments and process definitions as the interface shows them."""

from __future__ import annotations

from typing import Any

from .schema import Place
from .shapes import Moment, Page, Shown


class DeploymentLine(Shown):
    """One deployment in a list."""

    id: int
    name: str
    note: str
    deployed_at: Moment
    deployed_by: int | None
    deployed_by_name: str
    files: int


class Deployments(Page[DeploymentLine]):
    """One page of deployments, the newest first."""


class ResourceShown(Shown):
    """A deployed file."""

    id: int
    name: str
    sha256: str


class DefinitionShown(Shown):
    """One version of one process."""

    id: int
    key: str
    version: int
    name: str
    deployment_id: int
    deployed_at: Moment
    called: dict[str, int]


class DefinitionLine(DefinitionShown):
    """The newest version of a process, with the open instances on it and on older versions."""

    running: int
    running_on_older: int


class DefinitionDetail(DefinitionShown):
    """One version with the warnings of its check."""

    problems: list[dict[str, Any]]


class Definitions(Shown):
    """The newest version of every process, by key."""

    items: list[DefinitionLine]


class VersionLine(DefinitionShown):
    """One version in the list of all versions of a process."""

    deployed_by_name: str
    running: int


class Versions(Shown):
    """All versions of a process, the newest first."""

    items: list[VersionLine]


class DeployedShown(Shown):
    """One deployment with its files and what came of them."""

    id: int
    name: str
    note: str
    deployed_at: Moment
    deployed_by: int | None
    resources: list[ResourceShown]
    process_definitions: list[DefinitionShown]


class CheckedFile(Shown):
    """The findings of one file."""

    file: str
    problems: list[Place]


class Checked(Shown):
    """Whether the files could be deployed, and every finding."""

    deployable: bool
    files: list[CheckedFile]
