"""A small catalogue for tests of supervision: units with posts and people, plans with their history, open tasks."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workflow_service.identity.actor import Actor
from workflow_service.identity.names import search_keys
from workflow_service.services.plans import cycle_of
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.definitions import Deployment, ProcessDefinition, Resource
from workflow_service.store.people import Membership, Post, Unit, User
from workflow_service.store.plans import Plan, PlanEvent
from workflow_service.store.runtime import ProcessInstance, Task, TaskHolder

CHINA = ZoneInfo("Asia/Shanghai")
POSTS = {"handler": "", "leader": "leader", "planner": "", "supervisor": "supervisor", "registry": ""}


def moment(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """A moment of the day in the government's zone."""
    return datetime.combine(day, time(hour, minute), CHINA)


@dataclass
class Catalogue:
    """Adds rows by their names; ids are kept by code and title."""

    session: Session
    units: dict[str, Unit] = field(default_factory=dict)
    people: dict[str, User] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)

    @classmethod
    def again(cls, session: Session) -> "Catalogue":
        """What a former transaction made."""
        made = cls(session)
        made.units = {unit.code: unit for unit in session.scalars(select(Unit))}
        made.people = {person.username: person for person in session.scalars(select(User))}
        made.plans = {plan.title: plan for plan in session.scalars(select(Plan))}
        return made

    def unit(self, code: str, relation: str = "", area: str = "330000", path: str = "/330000/") -> Unit:
        """A unit with every post."""
        unit = Unit(
            code=code, name=f"{code}单位", short_name=code, level="province", area=area, area_path=path,
            relation=relation, path=f"{code}/",
        )  # fmt: skip
        self.session.add(unit)
        self.session.flush()
        self.session.add_all(
            Post(unit_id=unit.id, code=post, name=post, role=role) for post, role in POSTS.items()
        )
        self.session.flush()
        self.units[code] = unit
        return unit

    def person(self, username: str, unit: str, post: str = "handler") -> User:
        """Somebody who has held the post for long, with an address."""
        user = User(
            username=username, name=f"{unit}·{post}", email=f"{username}@example.invalid",
            created_at=datetime(2020, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        self.session.add(user)
        self.session.flush()
        self.hold(user, unit, post)
        self.people[username] = user
        return user

    def hold(self, user: User, unit: str, post: str) -> None:
        """Give somebody a post, a further one too."""
        held = select(Post.id).where(Post.unit_id == self.units[unit].id, Post.code == post)
        post_id = self.session.scalars(held).one()
        self.session.add(Membership(user_id=user.id, post_id=post_id, since=date(2020, 1, 1)))
        self.session.flush()

    def actor(self, username: str, today: date = date(2025, 11, 24)) -> Actor:
        """The person as an actor."""
        from workflow_service.identity.access import actor_for

        return actor_for(self.session, self.people[username], "web", "", today)

    def plan(
        self, title: str, unit: str, registered: date, due: date | None = None, issued: date | None = None,
        importance: str = "general", tier: str = "X", level: str = "province",
    ) -> Plan:  # fmt: skip
        """A plan with the events that the service would have written."""
        owner = self.units[unit]
        serial = (self.session.scalar(select(func.count()).select_from(Plan)) or 0) + 1
        plan = Plan(
            code=f"GH-2021-{owner.area}-ZX-{serial:04d}", title=title,
            cycle_id=cycle_of(self.session, 2021).id, category="special", level=level, tier=tier,
            importance=importance, area=owner.area, area_path=owner.area_path, lead_unit_id=owner.id, first_year=2021,
            last_year=2025, route="departmental_self_issue", status="active", stage="drafting", registered_on=registered,
            due_on=due, keywords=search_keys(title), created_at=moment(registered), revision=0,
        )  # fmt: skip
        self.session.add(plan)
        self.session.flush()
        self.plans[title] = plan
        self.event(title, "registered", registered, {"code": plan.code})
        self.event(title, "stage_changed", registered, {"from": "registration", "to": "drafting"})
        if issued is not None:
            self.issue(title, issued)
        return plan

    def issue(self, title: str, on: date, stated: date | None = None, *, at: datetime | None = None) -> None:
        """Issue a plan; `stated` is the day that a filing states, `at` the moment if it matters."""
        plan = self.plans[title]
        before = plan.stage
        plan.status, plan.stage, plan.issued_on = "issued", "issue", stated or on
        self.event(title, "issued", on, {"on": (stated or on).isoformat(), "number": "浙发改〔2021〕1号"}, at=at)
        self.event(title, "stage_changed", on, {"from": before, "to": "issue"}, at=at)

    def leave(self, title: str, on: date, kind: str = "merged", *, at: datetime | None = None) -> None:
        """Take a plan out of the catalogue."""
        self.plans[title].status = kind
        self.event(title, kind, on, {}, at=at)

    def pause(self, title: str, since: date, until: date | None = None, kind: str = "meeting") -> None:
        """Let a plan's clock stand from one day to another, as the service would have written it."""
        plan = self.plans[title]
        plan.paused_for = "" if until else kind
        self.session.add(
            DeadlineChange(plan_id=plan.id, kind=kind, started_at=moment(since), ended_at=until and moment(until))
        )
        self.session.flush()

    def event(self, title: str, kind: str, on: date, data: dict[str, Any], *, at: datetime | None = None) -> None:
        """Write one fact into a plan's history; in the morning of its day, or at a moment."""
        self.session.add(PlanEvent(plan_id=self.plans[title].id, at=at or moment(on), kind=kind, data=data))
        self.session.flush()

    def task(
        self, title: str, unit: str, due: datetime | None, post: str = "handler", assignee: str = "",
        created: datetime | None = None, waiting: bool = False,
    ) -> Task:  # fmt: skip
        """An open task asked of a post (or of a person) of a unit."""
        plan = self.plans.get(title)
        person = self.people[assignee].id if assignee else None
        holders = [f"u:{person}"] if person else [f"g:{unit}:{post}"]
        task = Task(
            instance_id=self._instance(plan).id, token=uuid4(), process_key="test", element_id="step", name="办理",
            title=title, plan_id=plan.id if plan else None, area_path=self.units[unit].area_path,
            unit_id=self.units[unit].id, assignee_id=person, candidate_groups=[f"{unit}:{post}"], due_at=due,
            created_at=created or datetime(2021, 1, 1, tzinfo=UTC), waiting=waiting, status="open", stage="drafting",
        )  # fmt: skip
        self.session.add(task)
        self.session.flush()
        far = datetime(9999, 1, 1, tzinfo=UTC)
        self.session.add_all(TaskHolder(task_id=task.id, holder=one, due_at=due or far) for one in holders)
        self.session.flush()
        return task

    def _instance(self, plan: Plan | None) -> ProcessInstance:
        row = ProcessInstance(
            definition_id=self._definition(), definition_key="test", business_key=str(plan.id if plan else ""),
            plan_id=plan.id if plan else None, status="active", started_at=datetime(2021, 1, 1, tzinfo=UTC), state=b"",
        )  # fmt: skip
        self.session.add(row)
        self.session.flush()
        return row

    def _definition(self) -> int:
        found = self.session.scalars(
            select(ProcessDefinition.id).where(ProcessDefinition.key == "test")
        ).first()
        if found is not None:
            return found
        at = datetime(2021, 1, 1, tzinfo=UTC)
        deployment = Deployment(name="test", deployed_at=at)
        self.session.add(deployment)
        self.session.flush()
        resource = Resource(deployment_id=deployment.id, name="test.bpmn", content=b"", sha256="")
        self.session.add(resource)
        self.session.flush()
        definition = ProcessDefinition(
            key="test", version=1, name="test", deployment_id=deployment.id, resource_id=resource.id, bundle={},
            deployed_at=at, problems=[], called={},
        )  # fmt: skip
        self.session.add(definition)
        self.session.flush()
        return definition.id
