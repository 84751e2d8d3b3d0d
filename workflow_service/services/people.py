"""People and the posts they hold: set up, changed, transferred, stopped by the administrators of their area.

Rights follow from posts (docs/domain.md §5, §7): whoever ends a post ends what it allowed, from that day on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput, NotFound
from workflow_service.i18n import LANGUAGES, N_
from workflow_service.identity import names, passwords
from workflow_service.identity.policy import may, require, thing_of
from workflow_service.identity.words import plain_text
from workflow_service.services.audit import record
from workflow_service.services.context import Actor
from workflow_service.services.substitutions import end_with_post
from workflow_service.services.tasks import release_tasks
from workflow_service.services.units import business_day, flush_unique, sort_person
from workflow_service.store import people_queries
from workflow_service.store.former_names import keep_person_name
from workflow_service.store.people import ApiToken, Membership, Post, Unit, User

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")
MOBILE = re.compile(r"\+?[\d -]{5,20}")
LONGEST_NAME = 40
THEMES = ("auto", "light", "dark")


@dataclass(frozen=True, kw_only=True)
class PersonFacts:
    """What is said of a person; the log-in name is kept in lower case and cannot be changed later."""

    username: str
    name: str
    email: str = ""
    mobile: str = ""


@dataclass(frozen=True)
class NewAccount:
    """A person just set up; the temporary password is shown once, empty where one was given."""

    user: User
    temporary_password: str


def add_person(
    session: Session,
    actor: Actor,
    facts: PersonFacts,
    posts: Sequence[tuple[str, str]],
    *,
    now: datetime,
    since: date | None = None,
    password: str | None = None,
    password_hash: str = "",
    constructed: bool = False,
) -> NewAccount:
    """Set up a person in posts (unit code, post code) from `since` (today).

    Without a password a temporary one is made, to be changed at the first sign-in. Demos, whose people are marked
    `constructed`, hash their one password once and give it as `password_hash`.
    Raises InvalidInput, Conflict, Forbidden for a post outside the actor's area.
    """
    facts = checked_facts(facts)
    if not posts and not actor.trusted:
        raise InvalidInput(N_("请至少选择一个岗位。"))
    if people_queries.user_by_name(session, facts.username) is not None:
        raise Conflict(N_("登录名“%(username)s”已被使用。"), username=facts.username)
    user = User(username=facts.username, created_at=now, constructed=constructed)
    temporary = "" if password_hash else _first_password(user, password)
    user.password_hash = password_hash or user.password_hash
    _describe(user, facts)
    session.add(user)
    flush_unique(session)
    for unit_code, post_code in dict.fromkeys(posts):
        hold_post(
            session,
            actor,
            user,
            post_to_give(session, actor, unit_code, post_code),
            since or business_day(now),
        )
    sort_person(session, user)
    data = asdict(facts) | {"posts": [":".join(post) for post in posts]}
    record(session, actor, "person.add", f"user:{user.id}", data, now=now)
    return NewAccount(user, temporary)


def change_person(session: Session, actor: Actor, user_id: int, facts: PersonFacts, *, now: datetime) -> User:
    """Change name, e-mail and mobile; what he did keeps the name of its day. Raises NotFound, Forbidden, InvalidInput."""
    user = person_to_manage(session, actor, user_id, now=now)
    facts = checked_facts(replace(facts, username=user.username))
    if facts.name != user.name:
        keep_person_name(session, user, user.name, now)
    _describe(user, facts)
    sort_person(session, user)
    record(session, actor, "person.change", f"user:{user.id}", asdict(facts), now=now)
    return user


def assign_post(
    session: Session,
    actor: Actor,
    user_id: int,
    unit_code: str,
    post_code: str,
    *,
    now: datetime,
    since: date | None = None,
) -> Membership:
    """Give a person a further post from `since` (today) on; raises NotFound, Forbidden, Conflict if he holds it."""
    user = person_to_see(session, actor, user_id, now=now)
    post = post_to_give(session, actor, unit_code, post_code)
    membership = hold_post(session, actor, user, post, since or business_day(now))
    sort_person(session, user)
    data = {"post": f"{unit_code}:{post_code}", "since": membership.since}
    record(session, actor, "person.post", f"user:{user.id}", data, now=now)
    return membership


def end_membership(
    session: Session, actor: Actor, membership_id: int, *, now: datetime, until: date | None = None, release: bool = True
) -> Membership:
    """End a post: the person holds it until the day before `until` (today, that is from now on no more).

    What he had claimed for it goes back to the post, unless the caller (`release` false) hands it over himself.
    Raises NotFound, Forbidden, InvalidInput for a day before he began, Conflict if it has ended.
    """
    membership = session.get(Membership, membership_id)
    if membership is None:
        raise NotFound(N_("没有这条任职记录。"))
    require(actor, "people.manage", thing_of(membership.post.unit.area_path))
    _end(membership, until or business_day(now), now)
    sort_person(session, membership.user)
    released = _release(session, actor, membership.user, now) if release else 0
    if not _is_open(membership, business_day(now)):
        end_with_post(session, actor, membership.user_id, now=now)
    data = {"post": _group(membership.post), "until": membership.until, "released": released}
    record(session, actor, "person.post_ended", f"user:{membership.user_id}", data, now=now)
    return membership


def go_on_in(session: Session, actor: Actor, held: Membership, post: Post, *, now: datetime) -> None:
    """Let a person go on in another post from today on as if it were the same: what he claimed, gave and got stays his.

    For a unit that becomes another one; rights are the caller's.
    """
    today = business_day(now)
    his = people_queries.memberships_of(session, [held.user_id], None)
    if held.user.active and not any(one.post_id == post.id and _is_open(one, today) for one in his):
        hold_post(session, actor, held.user, post, max(held.since, today)).until = held.until
    held.until = max(held.since, today)
    sort_person(session, held.user)
    data = {"from": _group(held.post), "to": _group(post), "on": today}
    record(session, actor, "person.transfer", f"user:{held.user_id}", data, now=now)


def transfer_person(
    session: Session,
    actor: Actor,
    membership_id: int,
    unit_code: str,
    post_code: str,
    *,
    now: datetime,
    on: date | None = None,
) -> Membership:
    """Move a person from one post to another on a day (today): the old ends as the new begins (docs/domain.md §7)."""
    day = on or business_day(now)
    ended = end_membership(session, actor, membership_id, now=now, until=day)
    post = post_to_give(session, actor, unit_code, post_code)
    membership = hold_post(session, actor, ended.user, post, day)
    sort_person(session, ended.user)
    data = {"from": _group(ended.post), "to": _group(post), "on": day}
    record(session, actor, "person.transfer", f"user:{ended.user_id}", data, now=now)
    return membership


def deactivate_person(session: Session, actor: Actor, user_id: int, *, now: datetime) -> User:
    """Stop an account: posts end today, sessions and tokens end at once; what he did keeps his name.

    Raises NotFound, Forbidden, Conflict for oneself.
    """
    user = person_to_manage(session, actor, user_id, now=now)
    if user.id == actor.user_id:
        raise Conflict(N_("不能停用自己的账号，请由另一位管理员办理。"))
    today = business_day(now)
    ended = [
        held for held in people_queries.memberships_of(session, [user.id], None) if _is_open(held, today)
    ]
    for membership in ended:
        membership.until = max(today, membership.since)
    user.active = False
    _end_sign_ins(session, user, now)
    sort_person(session, user)
    released = _release(session, actor, user, now)
    end_with_post(session, actor, user.id, now=now)
    data = {"username": user.username, "posts": [_group(held.post) for held in ended], "released": released}
    record(session, actor, "person.deactivate", f"user:{user.id}", data, now=now)
    return user


def reactivate_person(session: Session, actor: Actor, user_id: int, *, now: datetime) -> NewAccount:
    """Let a stopped account sign in again, with a temporary password and without posts: these are given anew."""
    user = person_to_manage(session, actor, user_id, now=now)
    user.active = True
    temporary = _first_password(user, None)
    record(session, actor, "person.reactivate", f"user:{user.id}", {"username": user.username}, now=now)
    return NewAccount(user, temporary)


def reset_password(
    session: Session, actor: Actor, user_id: int, *, now: datetime, password: str | None = None
) -> NewAccount:
    """Give a person a new temporary password, unlock the account and end its sessions."""
    user = person_to_manage(session, actor, user_id, now=now)
    temporary = _first_password(user, password)
    _unlock(user)
    user.session_epoch += 1
    record(session, actor, "person.reset_password", f"user:{user.id}", {"username": user.username}, now=now)
    return NewAccount(user, temporary)


def unlock_person(session: Session, actor: Actor, user_id: int, *, now: datetime) -> User:
    """Let a person who was locked out try again at once."""
    user = person_to_manage(session, actor, user_id, now=now)
    _unlock(user)
    record(session, actor, "person.unlock", f"user:{user.id}", {"username": user.username}, now=now)
    return user


def change_own_password(session: Session, actor: Actor, old: str, new: str, *, now: datetime) -> User:
    """Change one's own password; all other sessions end. Raises InvalidInput for a wrong old one, WeakPassword."""
    user = myself(session, actor)
    if not passwords.verify_password(user.password_hash, old):
        raise InvalidInput(N_("原密码不正确。"))
    if old == new:
        raise passwords.WeakPassword(N_("新密码不能与原密码相同。"))
    passwords.check_strength(new, user.username)
    user.password_hash, user.must_change_password = passwords.hash_password(new), False
    user.session_epoch += 1
    record(session, actor, "person.change_password", f"user:{user.id}", {}, now=now)
    return user


def change_own_contact(session: Session, actor: Actor, email: str, mobile: str, *, now: datetime) -> User:
    """Change one's own e-mail address and mobile number."""
    user = myself(session, actor)
    facts = checked_facts(PersonFacts(username=user.username, name=user.name, email=email, mobile=mobile))
    user.email, user.mobile = facts.email, facts.mobile
    data = {"email": facts.email, "mobile": facts.mobile}
    record(session, actor, "person.change_contact", f"user:{user.id}", data, now=now)
    return user


def change_preferences(session: Session, actor: Actor, language: str, theme: str) -> User:
    """Keep one's language and theme; a matter of taste, so not recorded."""
    user = myself(session, actor)
    if language not in LANGUAGES or theme not in THEMES:
        raise InvalidInput(N_("没有这种语言或外观。"))
    user.language, user.theme = language, theme
    return user


def myself(session: Session, actor: Actor) -> User:
    """Give the actor's own account; raises NotFound for the service itself."""
    user = session.get(User, actor.user_id) if actor.user_id is not None else None
    if user is None:
        raise NotFound(N_("没有这个账号。"))
    return user


def person_to_see(session: Session, actor: Actor, user_id: int, *, now: datetime) -> User:
    """Give the person if one of his posts lies in an area whose people the actor may see; raises NotFound."""
    user = session.get(User, user_id)
    if user is None or not any(
        may(actor, "people.see", thing_of(path)) for path in _areas(session, user, now)
    ):
        raise NotFound(N_("没有这个人员，或不在您的管理范围内。"))
    return user


def person_to_manage(session: Session, actor: Actor, user_id: int, *, now: datetime) -> User:
    """Give the person if all his posts lie in the actor's area: who may reset a password may become that person."""
    user = person_to_see(session, actor, user_id, now=now)
    for path in _areas(session, user, now):
        require(actor, "people.manage", thing_of(path))
    return user


def post_to_give(session: Session, actor: Actor, unit_code: str, post_code: str) -> Post:
    """Give the post if the actor may fill it; raises InvalidInput where unit or post do not exist, Forbidden."""
    statement = (
        select(Post).join(Post.unit).where(Unit.code == unit_code, Unit.active, Post.code == post_code)
    )
    post = session.scalar(statement)
    if post is None and people_queries.unit_in_use(session, unit_code) is None:
        raise InvalidInput(N_("没有代码为“%(unit)s”的在用单位。"), unit=unit_code)
    if post is None:
        raise InvalidInput(N_("单位“%(unit)s”没有岗位“%(post)s”。"), unit=unit_code, post=post_code)
    require(actor, "people.manage", thing_of(post.unit.area_path))
    return post


def hold_post(session: Session, actor: Actor, user: User, post: Post, since: date) -> Membership:
    """Let the person hold the post from a day on; raises Conflict if he does already. Rights are the caller's."""
    if not user.active:
        raise Conflict(N_("“%(name)s”的账号已停用，请先恢复。"), name=user.name)
    held = people_queries.memberships_of(session, [user.id], None)
    if any(each.post_id == post.id and (each.until is None or each.until > since) for each in held):
        raise Conflict(N_("“%(name)s”已在这个岗位上。"), name=user.name)
    for ended in held:
        if ended.post_id == post.id and ended.since == since:
            ended.until = None
            return ended
    membership = Membership(user_id=user.id, post_id=post.id, since=since)
    membership.user, membership.post = user, post
    session.add(membership)
    flush_unique(session)
    return membership


def checked_facts(facts: PersonFacts) -> PersonFacts:
    """Trim and check what is said of a person; raises InvalidInput saying what does not fit."""
    facts = PersonFacts(
        username=plain_text(facts.username).lower(),
        name=plain_text(" ".join(facts.name.split())),
        email=plain_text(facts.email),
        mobile=plain_text(facts.mobile),
    )
    if not USERNAME.fullmatch(facts.username):
        raise InvalidInput(
            N_("登录名“%(username)s”应为 2 到 40 个小写字母、数字、点或横线，以字母或数字开头。"),
            username=facts.username,
        )
    if not 1 <= len(facts.name) <= LONGEST_NAME:
        raise InvalidInput(N_("姓名应为 1 到 40 个字符。"))
    if facts.email and not EMAIL.fullmatch(facts.email):
        raise InvalidInput(N_("“%(email)s”不是电子邮箱地址。"), email=facts.email)
    if facts.mobile and not MOBILE.fullmatch(facts.mobile):
        raise InvalidInput(N_("“%(mobile)s”不是电话号码。"), mobile=facts.mobile)
    return facts


def _describe(user: User, facts: PersonFacts) -> None:
    user.name, user.email, user.mobile = facts.name, facts.email, facts.mobile
    user.pinyin = names.pinyin(facts.name, person=True)
    user.keywords = names.search_keys(facts.name, user.username, person=True)


def _first_password(user: User, password: str | None) -> str:
    if password is not None:
        passwords.check_strength(password, user.username)
        user.password_hash, user.must_change_password = passwords.hash_password(password), False
        return ""
    temporary, user.password_hash = passwords.temporary_password()
    user.must_change_password = True
    return temporary


def _areas(session: Session, user: User, now: datetime) -> set[str]:
    """The areas of the posts held now or to come; of those held last where there is none."""
    held = people_queries.memberships_of(session, [user.id], None)
    present = [each for each in held if _is_open(each, business_day(now))]
    last = max((each.until for each in held if each.until), default=None)
    return {each.post.unit.area_path for each in present or [each for each in held if each.until == last]}


def _release(session: Session, actor: Actor, user: User, now: datetime) -> int:
    """Put back what the person claimed for posts that he holds no more today."""
    held = people_queries.memberships_of(session, [user.id], business_day(now))
    return release_tasks(session, actor, user.id, {_group(each.post) for each in held}, now=now)


def _is_open(membership: Membership, today: date) -> bool:
    return membership.until is None or membership.until > today


def _end(membership: Membership, until: date, now: datetime) -> None:
    if not _is_open(membership, business_day(now)):
        raise Conflict(N_("这个岗位的任职已经结束。"))
    if until < membership.since:
        raise InvalidInput(N_("结束日期不能早于任职日期。"))
    membership.until = until


def _end_sign_ins(session: Session, user: User, now: datetime) -> None:
    user.session_epoch += 1
    tokens = update(ApiToken).where(ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None))
    session.execute(tokens.values(revoked_at=now))


def _unlock(user: User) -> None:
    user.failed_sign_ins, user.locked_until = 0, None


def _group(post: Post) -> str:
    return f"{post.unit.code}:{post.code}"
