"""Whose a definition is: the government in which its first version was deployed changes it, and nobody beside or below.

A process, table or form counts wherever it is used, so a county's designer must not deploy for everybody. What came with the
service (an empty area) belongs to all governments together: it is changed from the area that holds them all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Forbidden
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.store import people_queries
from workflow_service.store.definitions import DecisionDefinition, FormDefinition, ProcessDefinition

from .context import Actor

KINDS: dict[str, Any] = {"": ProcessDefinition, "table ": DecisionDefinition, "form ": FormDefinition}
NOT_OWN = N_("“%(key)s”属于%(whose)s，由那里的流程设计人员部署；本辖区可另用新的标识部署自己的版本。")
OF_ALL = N_("全部辖区")


@dataclass(frozen=True)
class Owners:
    """The area path of everything that is deployed, by key (tables and forms with their prefix); `new` of what is not yet."""

    known: Mapping[str, str]
    new: str

    def of(self, key: str) -> str:
        """Give the area path of one key."""
        return self.known.get(key, self.new)


def owners_of(session: Session, actor: Actor) -> Owners:
    """Read whose everything is; what the actor deploys anew belongs to the outermost area in which he designs."""
    known: dict[str, str] = {}
    for prefix, table in KINDS.items():
        newest = select(table.key, table.area_path).ext(distinct_on(table.key)).order_by(table.key, table.version.desc())
        known |= {f"{prefix}{row.key}": row.area_path for row in session.execute(newest)}
    return Owners(known, (policy.areas_of_role(actor, policy.DESIGNER) or ("",))[0])


def not_own(session: Session, actor: Actor, owners: Owners, keys: Iterable[str]) -> dict[str, str]:
    """Give the keys that the actor may not deploy, each with the name of the government whose it is."""
    foreign = sorted(key for key in keys if not may_deploy(session, actor, owners.of(key)))
    return {key: owner_name(session, owners.of(key)) for key in foreign}


def require_own(session: Session, actor: Actor, owners: Owners, keys: Iterable[str]) -> None:
    """Raise Forbidden, naming the first key that the actor may not deploy and whose it is."""
    for key, whose in not_own(session, actor, owners, keys).items():
        raise Forbidden(NOT_OWN, key=key.rpartition(" ")[2], whose=whose, action="definition.deploy")


def may_deploy(session: Session, actor: Actor, area_path: str) -> bool:
    """Whether the actor may deploy versions of what belongs to an area (empty: to all of them)."""
    return actor.trusted or policy.may(actor, "definition.deploy", area_of_all(session, area_path))


def area_of_all(session: Session, area_path: str = "") -> policy.Thing:
    """Give the thing that rights over something of one area, or of all of them, are asked of."""
    return policy.thing_of(area_path or people_queries.whole_area(session))


def owner_name(session: Session, area_path: str) -> str:
    """Name the government whose a definition is."""
    found = people_queries.governments(session, None, (area_path,)) if area_path else []
    return found[0].name if found else _(OF_ALL)
