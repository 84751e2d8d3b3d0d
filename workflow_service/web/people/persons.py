"""People: the list, one person with his posts, and what an administrator does to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service import clock
from workflow_service.domain.errors import TongchouError
from workflow_service.i18n import _
from workflow_service.identity import policy
from workflow_service.identity.names import matches
from workflow_service.identity.words import ROLE_NAMES
from workflow_service.services import absences
from workflow_service.services import people as use
from workflow_service.services.people import NewAccount, PersonFacts
from workflow_service.store import people_queries as ask
from workflow_service.store.people import Membership, Post, Unit, User
from workflow_service.store.people_queries import PeopleFilter

from .. import cursors
from ..current import page_actor, page_day, page_now, page_session
from ..listing import PAGE_ROWS, address, filter_values
from ..rights import require
from .blueprint import attempt, blueprint, given, given_day

FILTERS = ("q", "unit", "role", "status")
MOST_CHOICES = 400
FACTS = ("username", "name", "email", "mobile")


@blueprint.get("")
def index() -> ResponseReturnValue:
    """People whom the reader may see, filtered by the address."""
    require("people.see")
    session, chosen = page_session(), filter_values(*FILTERS)
    wanted, unit = _filter(chosen)
    after = cursors.decode(str, cursors.number)
    found = ask.people_page(session, wanted, page_day(), after=after, limit=PAGE_ROWS + 1)
    people = found[:PAGE_ROWS]
    following = (
        address(after=cursors.encode(people[-1].sort_key, people[-1].id)) if len(found) > PAGE_ROWS else ""
    )
    return render_template(
        "people/index.html",
        people=people,
        chosen=chosen,
        unit=unit,
        next_address=following,
        roles=ROLE_NAMES,
        total=ask.count_people(session, wanted, page_day()),
        posts=_posts_by_person(people),
        units=_unit_choices(),
    )


@blueprint.get("/<int:user_id>")
def person(user_id: int) -> ResponseReturnValue:
    """One person with the posts he holds, will hold and held."""
    return _person_page(user_id)


@blueprint.route("/new", methods=["GET", "POST"])
def new_person() -> ResponseReturnValue:
    """Set up a person in a post."""
    require("people.manage")
    if request.method == "GET":
        return _person_form({"unit": request.args.get("unit", "")})
    values = given(*FACTS, "unit", "post", "since")
    facts = PersonFacts(**{name: values[name] for name in FACTS})
    account, error = attempt(
        lambda writing: use.add_person(
            writing,
            page_actor(),
            facts,
            [(values["unit"], values["post"])],
            now=page_now(),
            since=given_day("since"),
        )
    )
    return _person_form(values, error) if error else _show_password(account, _("已新增人员"))


@blueprint.route("/<int:user_id>/edit", methods=["GET", "POST"])
def edit_person(user_id: int) -> ResponseReturnValue:
    """Change name, e-mail and mobile."""
    user = use.person_to_manage(page_session(), page_actor(), user_id, now=page_now())
    if request.method == "GET":
        return _person_form({name: getattr(user, name) for name in FACTS}, user=user)
    facts = PersonFacts(username=user.username, **given("name", "email", "mobile"))
    _user, error = attempt(
        lambda writing: use.change_person(writing, page_actor(), user_id, facts, now=page_now())
    )
    if error is not None:
        return _person_form(vars(facts), error, user=user)
    return _back_to_person(user_id, None, _("已保存。"))


@blueprint.post("/<int:user_id>/posts")
def assign_post(user_id: int) -> ResponseReturnValue:
    """Give a further post, or move the person from one of his posts to it."""
    values = given("unit", "post", "moved_from")

    def change(writing: Any) -> Membership:
        place, since = (values["unit"], values["post"]), given_day("since")
        if values["moved_from"].isdecimal():
            left = int(values["moved_from"])
            return use.transfer_person(writing, page_actor(), left, *place, now=page_now(), on=since)
        return use.assign_post(writing, page_actor(), user_id, *place, now=page_now(), since=since)

    _held, error = attempt(change)
    return _back_to_person(user_id, error, _("岗位已调整。"))


@blueprint.post("/<int:user_id>/posts/<int:membership_id>/end")
def end_post(user_id: int, membership_id: int) -> ResponseReturnValue:
    """End a post from a day on."""
    _held, error = attempt(
        lambda writing: use.end_membership(
            writing, page_actor(), membership_id, now=page_now(), until=given_day("until")
        )
    )
    return _back_to_person(user_id, error, _("任职已结束。"))


@blueprint.post("/<int:user_id>/deactivate")
def deactivate(user_id: int) -> ResponseReturnValue:
    """Stop an account."""
    _user, error = attempt(
        lambda writing: use.deactivate_person(writing, page_actor(), user_id, now=page_now())
    )
    return _back_to_person(user_id, error, _("账号已停用。"))


@blueprint.post("/<int:user_id>/reactivate")
def reactivate(user_id: int) -> ResponseReturnValue:
    """Let a stopped account sign in again."""
    account, error = attempt(
        lambda writing: use.reactivate_person(writing, page_actor(), user_id, now=page_now())
    )
    return _back_to_person(user_id, error, "") if error else _show_password(account, _("账号已恢复"))


@blueprint.post("/<int:user_id>/password")
def reset_password(user_id: int) -> ResponseReturnValue:
    """Make a new temporary password."""
    account, error = attempt(
        lambda writing: use.reset_password(writing, page_actor(), user_id, now=page_now())
    )
    return _back_to_person(user_id, error, "") if error else _show_password(account, _("密码已重置"))


@blueprint.post("/<int:user_id>/unlock")
def unlock(user_id: int) -> ResponseReturnValue:
    """Let a locked person try again."""
    _user, error = attempt(lambda writing: use.unlock_person(writing, page_actor(), user_id, now=page_now()))
    return _back_to_person(user_id, error, _("账号已解锁。"))


def _person_page(user_id: int, error: TongchouError | None = None) -> ResponseReturnValue:
    session, actor = page_session(), page_actor()
    user = use.person_to_see(session, actor, user_id, now=page_now())
    held = ask.memberships_of(session, [user_id], None)
    claimed, personal = ask.open_tasks_of(session, user_id)
    present = [each for each in held if each.until is None or each.until > page_day()]
    page = render_template(
        "people/person.html",
        user=user,
        present=present,
        past=[each for each in held if each not in present],
        problem=error.message if error else "",
        locked=bool(user.locked_until and user.locked_until > clock.now()),
        may_manage=all(_manages(each.post.unit.area_path) for each in present or held) and _manages(None),
        manages={each.id for each in present if _manages(each.post.unit.area_path)},
        claimed=claimed,
        personal=personal,
        lonely=_lonely(user_id, present),
        units=_unit_choices(),
        post_choices=_post_choices(),
        absences=absences.absences_to_see(session, actor, user_id, now=page_now()),
        one_day=timedelta(days=1),
    )
    return page, error.status if error else 200


def _lonely(user_id: int, present: list[Membership]) -> list[str]:
    """The groups in which nobody but this person would take the tasks."""
    session = page_session()
    return [
        f"{each.post.unit.short_name}·{each.post.name}"
        for each in present
        if not ask.other_holders(session, each.post_id, user_id, page_day())
    ]


def _back_to_person(user_id: int, error: TongchouError | None, done: str) -> ResponseReturnValue:
    if error is not None:
        return _person_page(user_id, error)
    flash(done)
    return redirect(url_for("people.person", user_id=user_id))


def _show_password(account: NewAccount, done: str) -> ResponseReturnValue:
    """The one page that shows a temporary password; browsers keep no copy."""
    page = render_template("people/password_once.html", account=account, done=done)
    return page, 200, {"Cache-Control": "no-store"}


def _person_form(
    values: dict[str, Any], error: TongchouError | None = None, user: User | None = None
) -> ResponseReturnValue:
    page = render_template(
        "people/person_form.html",
        values=values,
        user=user,
        problem=error.message if error else "",
        units=_unit_choices(),
        post_choices=_post_choices(),
    )
    return page, error.status if error else 200


def _filter(chosen: dict[str, str]) -> tuple[PeopleFilter, Unit | None]:
    areas = policy.areas_of_role(page_actor(), "administrator", "supervisor")
    unit = ask.unit_by_code(page_session(), chosen["unit"]) if chosen.get("unit") else None
    wanted = PeopleFilter(
        areas=areas,
        words=matches(User.keywords, chosen["q"]) if chosen.get("q") else None,
        unit_path=unit.path if unit else "",
        role=chosen.get("role", ""),
        active={"stopped": False, "all": None}.get(chosen.get("status", ""), True),
    )
    return wanted, unit


def _posts_by_person(people: Any) -> dict[int, list[tuple[Unit, Post]]]:
    posts: dict[int, list[tuple[Unit, Post]]] = {}
    for held in ask.memberships_of(page_session(), [user.id for user in people], page_day()):
        posts.setdefault(held.user_id, []).append((held.post.unit, held.post))
    return posts


def _unit_choices() -> list[Unit]:
    """The units to choose from; none where there are too many for a list, then the code is typed."""
    areas = policy.areas_of_role(page_actor(), "administrator", "supervisor")
    found = list(ask.units_below(page_session(), areas, limit=MOST_CHOICES + 1))
    return found if len(found) <= MOST_CHOICES else []


def _post_choices() -> list[tuple[str, str]]:
    areas = policy.areas_of_role(page_actor(), "administrator")
    return ask.post_kinds(page_session(), areas)


def _manages(area: str | None) -> bool:
    return policy.may(page_actor(), "people.manage", policy.thing_of(area) if area else None)
