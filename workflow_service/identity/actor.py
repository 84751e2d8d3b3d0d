"""Who is doing something, as plain values: built once for a request, passed to every use case."""

from __future__ import annotations

from dataclasses import dataclass

SOURCES = ("web", "api", "cli", "scheduler", "demo")


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """Somebody for whom a person may act now (授权代办): what is asked of `groups`, on routes `processes` (none: on all).

    Signing and deciding only where `may_decide`. `unit_ids` are the units of his posts, that of his first post first.
    """

    user_id: int
    name: str
    groups: frozenset[str]
    processes: frozenset[str] = frozenset()
    may_decide: bool = False
    unit_ids: tuple[int, ...] = ()

    def covers(self, process: str) -> bool:
        """Whether what a route asks is covered."""
        return not self.processes or process in self.processes


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The person (or the service itself) behind one command; `identity.access.actor_for` builds it.

    `groups` are the holder keys of the inbox: `u:<user id>` and `g:<unit code>:<post code>`. `roles` are pairs of
    a role (designer, supervisor, administrator, leader) and the area path (`/330000/330200/`) below which it counts.
    `area_paths` are the areas of all posts, `unit_ids` their units, `relations` pairs of what a unit is to its area
    (drc, government_office …) and that area's path; `unit_id` is the unit for which the person acts now.
    `trusted` marks the service itself, which may do everything. `structure` is the version of units and posts that
    was read with the person; `groups.remember_version_of` takes it, so that groups resolve without a query.
    `stand_ins` are those for whom he is a substitute today, `acting_for` the one for whom he does this very command.
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
    stand_ins: tuple[StandIn, ...] = ()
    acting_for: StandIn | None = None

    @property
    def acted_for(self) -> int | None:
        """The person for whom this command is done, None where it is done for oneself."""
        return self.acting_for.user_id if self.acting_for is not None else None

    @property
    def responsible(self) -> int | None:
        """Whose act it is: the person for whom a substitute acts, else the actor."""
        return self.user_id if self.acting_for is None else self.acting_for.user_id

    @property
    def signature(self) -> str:
        """The name as the record shows it: 乙（代甲） for a substitute."""
        return self.name if self.acting_for is None else f"{self.name}（代{self.acting_for.name}）"

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
