"""People and tokens: who I am, who others are, and the personal tokens that open this interface."""

from __future__ import annotations

from collections.abc import Iterable

from flask import request

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_
from workflow_service.identity import import_people, policy
from workflow_service.identity.names import matches
from workflow_service.services import people, people_import, tokens
from workflow_service.services.calendars import SETTINGS
from workflow_service.store import people_queries
from workflow_service.store.people import Membership, User

from . import cursors
from .calls import Answer, Call, endpoint
from .people_shapes import (
    AccountShown,
    EndGiven,
    ImportedPersonShown,
    ImportGiven,
    ImportRowShown,
    ImportShown,
    MyselfShown,
    People,
    PeopleQuery,
    PersonChange,
    PersonGiven,
    PersonShown,
    PostGiven,
    PostHeld,
    TokenGiven,
    TokenMade,
    Tokens,
    TokenShown,
)

TAG = "users"


@endpoint("/me", answer=MyselfShown, tag=TAG)
def get_myself(call: Call) -> MyselfShown:
    """Tell who I am to the service."""
    user = people.myself(call.session, call.actor)
    return MyselfShown(
        id=user.id, username=user.username, name=user.name, language=user.language, unit_id=call.actor.unit_id,
        groups=sorted(call.actor.groups), roles=sorted({role for role, _area in call.actor.roles}),
        areas=list(call.actor.area_paths), posts=_posts(call, [user])[user.id],
    )  # fmt: skip


@endpoint("/users", query=PeopleQuery, answer=People, tag=TAG)
def list_people(call: Call, query: PeopleQuery) -> People:
    """List the people of the areas whose people I may see."""
    policy.require(call.actor, "people.see")
    wanted = _filter(call, query)
    today = SETTINGS.day_of(call.now)
    after = cursors.decode(query.cursor, str, int)
    rows = people_queries.people_page(call.session, wanted, today, after=after, limit=query.limit + 1)
    shown = rows[: query.limit]
    total = people_queries.count_people(call.session, wanted, today)
    following = cursors.encode(shown[-1].sort_key, shown[-1].id) if len(rows) > query.limit else None
    limit = people_queries.COUNT_LIMIT
    return People(items=_shown(call, shown), next_cursor=following, total=min(total, limit), more=total > limit)


@endpoint("/users", "POST", body=PersonGiven, answer=AccountShown, status=201, tag=TAG)
def add_person(call: Call, body: PersonGiven) -> Answer:
    """Set up a person in posts of my area; the temporary password is shown once."""
    facts = people.PersonFacts(username=body.username, name=body.name, email=body.email, mobile=body.mobile)
    posts = [(one.unit, one.post) for one in body.posts]
    since = body.posts[0].since
    account = people.add_person(call.session, call.actor, facts, posts, now=call.now, since=since)
    shown = _shown(call, [account.user])[0]
    made = AccountShown.model_construct(**dict(shown), temporary_password=account.temporary_password)
    return Answer(made, location=f"/users/{account.user.id}")


@endpoint("/users/import", "POST", form=ImportGiven, files=("file",), answer=ImportShown, tag=TAG)
def import_file(call: Call, form: ImportGiven) -> ImportShown:
    """Import people from the xlsx or CSV template: every row is checked first, and all are written or none."""
    policy.require(call.actor, "people.manage")
    upload = request.files["file"]
    rows = import_people.read_rows(upload.stream.read(import_people.LARGEST_BYTES + 1), upload.filename or "")
    checked = people_import.check_import(call.session, call.actor, rows, now=call.now)
    found = [
        ImportRowShown(row=one.row.number, effect=one.effect, errors=[error.message for error in one.errors])
        for one in checked.rows
    ]
    if form.check == "true":
        return ImportShown(written=False, rows=found, people=[])
    if not checked.is_clean:
        places = [{"row": row.row, "detail": text} for row in found for text in row.errors]
        raise people_import.ImportRefused(rows=checked.count("error"), places=places)
    result = people_import.run_import(call.session, call.actor, rows, now=call.now)
    written = [ImportedPersonShown.model_validate(one) for one in result.people]
    return ImportShown(written=True, rows=found, people=written)


@endpoint("/users/<id:user_id>", answer=PersonShown, tag=TAG)
def get_person(call: Call, user_id: int) -> PersonShown:
    """Give one person of the areas whose people I may see."""
    return _shown(call, [people.person_to_see(call.session, call.actor, user_id, now=call.now)])[0]


@endpoint("/users/<id:user_id>", "PUT", body=PersonChange, answer=PersonShown, tag=TAG)
def change_person(call: Call, user_id: int, body: PersonChange) -> PersonShown:
    """Change a person's name, e-mail address and mobile number."""
    facts = people.PersonFacts(username="", name=body.name, email=body.email, mobile=body.mobile)
    return _shown(call, [people.change_person(call.session, call.actor, user_id, facts, now=call.now)])[0]


@endpoint("/users/<id:user_id>/posts", "POST", body=PostGiven, answer=PersonShown, status=201, tag=TAG)
def assign_post(call: Call, user_id: int, body: PostGiven) -> PersonShown:
    """Give a person a further post."""
    membership = people.assign_post(
        call.session, call.actor, user_id, body.unit, body.post, since=body.since, now=call.now
    )
    return _shown(call, [membership.user])[0]


@endpoint("/memberships/<id:membership_id>/end", "POST", body=EndGiven, answer=PersonShown, tag=TAG)
def end_membership(call: Call, membership_id: int, body: EndGiven) -> PersonShown:
    """End a post that a person holds."""
    membership = people.end_membership(call.session, call.actor, membership_id, until=body.until, now=call.now)
    return _shown(call, [membership.user])[0]


@endpoint("/users/<id:user_id>/deactivate", "POST", answer=PersonShown, tag=TAG)
def deactivate_person(call: Call, user_id: int) -> PersonShown:
    """Stop an account: posts, sessions and tokens end."""
    return _shown(call, [people.deactivate_person(call.session, call.actor, user_id, now=call.now)])[0]


@endpoint("/users/<id:user_id>/reactivate", "POST", answer=AccountShown, tag=TAG)
def reactivate_person(call: Call, user_id: int) -> AccountShown:
    """Let a stopped account sign in again, with a temporary password and without posts."""
    account = people.reactivate_person(call.session, call.actor, user_id, now=call.now)
    shown = _shown(call, [account.user])[0]
    return AccountShown.model_construct(**dict(shown), temporary_password=account.temporary_password)


@endpoint("/tokens", answer=Tokens, tag="tokens")
def list_tokens(call: Call) -> Tokens:
    """List my tokens, revoked ones included."""
    found = people_queries.tokens_of(call.session, call.actor.user_id or 0)
    return Tokens(items=[TokenShown.model_validate(one) for one in found])


@endpoint("/tokens", "POST", body=TokenGiven, answer=TokenMade, status=201, tag="tokens")
def make_token(call: Call, body: TokenGiven) -> Answer:
    """Make a token for myself; its text is shown once."""
    made = tokens.make_token(call.session, call.actor, body.name, days=body.days, now=call.now)
    shown = TokenShown.model_validate(made.token)
    return Answer(TokenMade.model_construct(**dict(shown), text=made.text), location="/tokens")


@endpoint("/tokens/<id:token_id>", "DELETE", answer=TokenShown, tag="tokens")
def revoke_token(call: Call, token_id: int) -> TokenShown:
    """Revoke a token of mine; from now on it opens nothing."""
    return TokenShown.model_validate(tokens.revoke_token(call.session, call.actor, token_id, now=call.now))


def _filter(call: Call, query: PeopleQuery) -> people_queries.PeopleFilter:
    unit = people_queries.unit_by_code(call.session, query.unit) if query.unit else None
    if query.unit and unit is None:
        raise InvalidInput(N_("没有代码为“%(code)s”的单位。"), code=query.unit, parameter="unit")
    return people_queries.PeopleFilter(
        areas=policy.areas_of_role(call.actor, policy.ADMINISTRATOR, policy.SUPERVISOR),
        words=matches(User.keywords, query.q) if query.q else None, unit_path=unit.path if unit else "", role=query.role,
        active=query.active,
    )  # fmt: skip


def _shown(call: Call, users: Iterable[User]) -> list[PersonShown]:
    found = list(users)
    posts = _posts(call, found)
    names = [name for name in PersonShown.model_fields if name != "posts"]
    return [PersonShown(**{name: getattr(user, name) for name in names}, posts=posts[user.id]) for user in found]


def _posts(call: Call, users: list[User]) -> dict[int, list[PostHeld]]:
    posts: dict[int, list[PostHeld]] = {user.id: [] for user in users}
    call.session.flush()
    for held in people_queries.memberships_of(call.session, list(posts), SETTINGS.day_of(call.now)):
        posts[held.user_id].append(_post(held))
    return posts


def _post(held: Membership) -> PostHeld:
    post, unit = held.post, held.post.unit
    return PostHeld(
        membership_id=held.id, unit_id=unit.id, unit_code=unit.code, unit_name=unit.name, post_code=post.code,
        post_name=post.name, role=post.role, since=held.since, until=held.until,  # type: ignore[arg-type]
    )  # fmt: skip
