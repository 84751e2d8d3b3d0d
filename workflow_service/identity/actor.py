"""Who is doing something, as plain values: built once for a request, passed to every use case."""

from __future__ import annotations

from dataclasses import dataclass

SOURCES = ("web", "api", "cli", "scheduler", "demo")


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The person (or the service itself) behind one command; `identity.access.actor_for` builds it.

    `groups` are the holder keys of the inbox: `u:<user id>` and `g:<unit code>:<post code>`. `roles` are pairs of
    a role (designer, supervisor, administrator, leader) and the area path (`/330000/330200/`) below which it counts.
    `area_paths` are the areas of all posts, `unit_ids` their units, `relations` pairs of what a unit is to its area
    (drc, government_office …) and that area's path; `unit_id` is the unit for which the person acts now.
    `trusted` marks the service itself, which may do everything. `structure` is the version of units and posts that
    was read with the person; `groups.remember_version_of` takes it, so that groups resolve without a query.
    """

    user_id: int | None
    name: str
    source: str
    address: str = ""
    unit_id: int | None = None
    unit_name: str = ""
    groups: frozenset[str] = frozenset()
    roles: frozenset[tuple[str, str]] = frozenset()
    area_paths: tuple[str, ...] = ()
    unit_ids: frozenset[int] = frozenset()
    relations: frozenset[tuple[str, str]] = frozenset()
    language: str = "zh"
    trusted: bool = False
    structure: str = ""

    @classmethod
    def system(cls, source: str) -> Actor:
        """The service itself, acting without a person: timers, rhythms, set-up from the command line."""
        return cls(user_id=None, name="系统", source=source, trusted=True)

    def has_role(self, role: str, area_path: str | None = None) -> bool:
        """Whether the actor has `role` for `area_path` (None = anywhere); a role counts below its own area too."""
        return self.trusted or any(
            held == role and (area_path is None or is_within(area_path, path)) for held, path in self.roles
        )


def is_within(area_path: str, top: str) -> bool:
    """Whether `area_path` is `top` or lies below it; an empty path lies nowhere."""
    return bool(area_path) and bool(top) and area_path.startswith(top)
