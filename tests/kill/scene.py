"""What the kill test plays in: a department whose people are urged, units that report weekly, and a process with timers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from tests.engine import xml_drawing
from tests.services.catalogue import Catalogue, moment
from tests.services.house import FORM, user_task
from tests.services.test_rhythms import LONG_AGO, delivered
from workflow_service.identity.actor import Actor
from workflow_service.services import deployments, notices, rhythms
from workflow_service.services.tokens import make_token
from workflow_service.store.database import Database
from workflow_service.store.people import Post

SYSTEM = Actor.system("cli")
MAIL = {"email": {"domain": "plans.example"}}
WORKSHOP = "zj.office"
REPORTING_UNITS = ("zj.energy", "zj.water", "zj.transport", "zj.culture")
ROUTES = ("weekly_report", "ten_day_bulletin", "bulletin_edit", "bulletin_release", "special_report.json", "deadlines")
KEY = "p"

ONCE = ("start", "a", "choice", "b", "fork", "c", "pause", "join", "e", "end")
"""What every instance passes exactly once; `d` is finished or, when its time is over, replaced by `d_late`."""


def process_with_timers() -> bytes:
    """A → choice → B → (C → pause ∥ D) → E; B is reminded after a second, D is taken away after one."""
    group = f"{WORKSHOP}:handler"
    tasks = "".join(user_task(key, group) for key in ("a", "b", "c", "d", "d_late", "e"))
    second = "<timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition>"
    nodes = (
        '<startEvent id="start"/>' + tasks + '<exclusiveGateway id="choice" default="straight"/>'
        '<parallelGateway id="fork"/><parallelGateway id="join"/><exclusiveGateway id="either"/>'
        f'<intermediateCatchEvent id="pause" name="pause">{second}</intermediateCatchEvent>'
        f'<boundaryEvent id="remind" attachedToRef="b" cancelActivity="false">{second}</boundaryEvent>'
        f'<boundaryEvent id="late" attachedToRef="d">{second}</boundaryEvent>'
        '<endEvent id="reminded"/><endEvent id="end"/>'
    )
    flows = (
        "start -> a", "a -> choice", 'choice -> b [a.outcome == "agree"] as agreed', "choice -> e as straight",
        "remind -> reminded", "b -> fork", "fork -> c", "c -> pause", "pause -> join", "fork -> d", "d -> either",
        "late -> d_late", "d_late -> either", "either -> join", "join -> e", "e -> end",
    )  # fmt: skip
    return xml_drawing.draw(nodes, *flows)


@dataclass(frozen=True)
class Scene:
    """What the test needs to know of it: tokens of the workshop's people by name, and the day's urged people."""

    tokens: dict[str, str]
    urged: int


def build_scene(database: Database, now: datetime, clients: int, urged: int) -> Scene:
    """Set everything up at a wall time; rhythms have been active for weeks and have never run."""
    with database.transaction() as session:
        files = delivered(*ROUTES) | {"p.bpmn": process_with_timers(), "answer.json": json.dumps(FORM).encode()}
        deployments.deploy_files(session, SYSTEM, "kill", files, now=LONG_AGO)
        made = Catalogue(session)
        _reporting_units(made)
        _urged_people(made, urged, now)
        tokens = _workshop(made, clients, now)
        notices.wire_channels(session, MAIL, now=now)
        rhythms.activate(session, SYSTEM, now=now - timedelta(days=45))
    return Scene(tokens, urged)


def post_notice(session: Session, user_id: int, number: int, now: datetime) -> None:
    """Give the mail something to carry."""
    notices.post_notices(session, [notices.NewNotice(user_id, "task", f"请办理 {number}", f"test:{number}")], now=now)


def _reporting_units(made: Catalogue) -> None:
    made.unit("zj.drc", relation="drc")
    made.person("drc.planner", "zj.drc", "planner")
    made.person("drc.supervisor", "zj.drc", "supervisor")
    for unit in REPORTING_UNITS:
        made.unit(unit)
        made.person(f"{unit}.handler", unit)
        made.plan(f"{unit}规划", unit, date(2021, 1, 4), date(2027, 6, 30))


def _urged_people(made: Catalogue, number: int, now: datetime) -> None:
    for each in range(number):
        made.person(f"urged{each}", REPORTING_UNITS[0], "registry")
    due = moment(now.date() - timedelta(days=10), 17, 30)
    made.task("zj.energy规划", REPORTING_UNITS[0], due, post="registry")


def _workshop(made: Catalogue, clients: int, now: datetime) -> dict[str, str]:
    """People of one post, who therefore see the same tasks, and who may start processes too."""
    unit = made.unit(WORKSHOP)
    made.session.add(Post(unit_id=unit.id, code="designer", name="designer", role="designer"))
    made.session.flush()
    tokens = {}
    for each in range(clients):
        user = made.person(f"client{each}", WORKSHOP)
        made.hold(user, WORKSHOP, "designer")
        tokens[user.username] = make_token(made.session, SYSTEM, "test", days=1, now=now, owner=user).text
    return tokens
