"""Many rows at once: copies of a real instance, task and timer made by SQL, so that a large installation is there in seconds."""

from __future__ import annotations

from workflow_service.store.people import Membership, Post, Unit, User
from workflow_service.store.plans import Plan, PlanEvent
from workflow_service.store.runtime import Activity, ProcessInstance, Task, TaskHolder, Timer
from workflow_service.store.stage_deadlines import StageDeadline

from .installation import Scene

OTHER_POSTS = 2000


def copy_instances(scene: Scene, instance_id: int, number: int, *, due: str = "interval '30 days'") -> None:
    """Copy a waiting instance with its open task, holders, history and timers; the copies lie before OTHER_POSTS other posts.

    `due`: when tasks and timers of the copies are due, as SQL added to now().
    """
    for statement in (
        "CREATE TEMP TABLE copy AS SELECT n, nextval(pg_get_serial_sequence('process_instance', 'id')) AS new"
        f" FROM generate_series(1, {number}) n",
        _copied(ProcessInstance, "id = copy.new, business_key = 'copy' || copy.n", f"s.id = {instance_id}"),
        "CREATE TEMP TABLE task_copy AS SELECT copy.n, copy.new AS instance_id, s.id AS former,"
        " nextval(pg_get_serial_sequence('task', 'id')) AS new"
        f" FROM copy, task s WHERE s.instance_id = {instance_id} AND s.status = 'open'",
        _copied(Task, "id = copy.new, instance_id = copy.instance_id, token = gen_random_uuid(), "
                f"candidate_groups = ARRAY['other.' || copy.n % {OTHER_POSTS} || ':handler'],"
                f" due_at = now() + {due} + copy.n * interval '1 second'", "s.id = copy.former", "task_copy"),
        "INSERT INTO task_holder (task_id, holder, due_at) SELECT t.id, 'g:' || t.candidate_groups[1], t.due_at"
        " FROM task t JOIN task_copy ON task_copy.new = t.id",
        _copied(Activity, "id = DEFAULT, instance_id = copy.new, token = gen_random_uuid()", f"s.instance_id = {instance_id}"),
        _copied(Timer, f"id = DEFAULT, instance_id = copy.new, token = gen_random_uuid(), due_at = now() + {due}",
                f"s.instance_id = {instance_id}"),
        "DROP TABLE copy, task_copy",
        "VACUUM ANALYZE",
    ):  # fmt: skip
        scene.execute(statement)


def hand_over(scene: Scene, number: int, holder: str) -> None:
    """Put the newest tasks before somebody else's post as well."""
    scene.execute(
        f"INSERT INTO {TaskHolder.__tablename__} (task_id, holder, due_at)"
        f" SELECT id, %s, due_at FROM task WHERE status = 'open' ORDER BY id DESC LIMIT {number}",
        holder,
    )
    scene.execute("VACUUM ANALYZE task_holder")


def copy_plans(scene: Scene, plan_id: int, number: int, area_path: str) -> None:
    """Copy a plan with its events, its stage's deadline and its task, due over the days around.

    `area_path` is SQL over `copy.n`.
    """
    for statement in (
        "CREATE TEMP TABLE copy AS SELECT n, nextval(pg_get_serial_sequence('plan', 'id')) AS new"
        f" FROM generate_series(1, {number}) n",
        _copied(Plan, f"id = copy.new, code = s.code || '-' || copy.new, area_path = {area_path},"
                " due_on = s.due_on + copy.n % 900, registered_on = s.registered_on + copy.n % 300", f"s.id = {plan_id}"),
        _copied(PlanEvent, "id = DEFAULT, plan_id = copy.new, at = s.at + copy.n % 300 * interval '1 day'",
                f"s.plan_id = {plan_id}"),
        _copied(StageDeadline, "id = DEFAULT, plan_id = copy.new, due_at = s.due_at + (copy.n % 90 - 30) * interval '1 day'",
                f"s.plan_id = {plan_id}"),
        _copied(Task, f"id = DEFAULT, plan_id = copy.new, area_path = {area_path}, token = gen_random_uuid(),"
                " due_at = s.due_at + (copy.n % 90 - 30) * interval '1 day'", f"s.plan_id = {plan_id}"),
        "DROP TABLE copy",
        "VACUUM ANALYZE plan, plan_event, stage_deadline, task",
    ):  # fmt: skip
        scene.execute(statement)


def staff_posts(scene: Scene, people: int) -> None:
    """Set up OTHER_POSTS units with a post of handlers each, and so many people who hold them in turn."""
    own = "SELECT u.id FROM unit u WHERE u.code = 'jb.energy'"
    units = _copied(Unit, "id = DEFAULT, code = 'other.' || copy.n, name = s.name || copy.n, path = s.path || copy.n || '/'",
                    f"s.id = ({own})")  # fmt: skip
    for statement in (
        f"CREATE TEMP TABLE copy AS SELECT n FROM generate_series(0, {OTHER_POSTS - 1}) n",
        units,
        "INSERT INTO post (unit_id, code, name) SELECT id, 'handler', '经办' FROM unit WHERE code LIKE 'other.%'",
        "DROP TABLE copy",
        f"CREATE TEMP TABLE copy AS SELECT n FROM generate_series(1, {people}) n",
        _copied(User, "id = DEFAULT, username = 'other' || copy.n, email = 'other' || copy.n || '@example.invalid'",
                "s.username = 'jb.handler'"),
        f"INSERT INTO {Membership.__tablename__} (user_id, post_id, since) SELECT person.id, post.id, date '2020-01-01'"
        f" FROM user_account person JOIN unit ON unit.code = 'other.' || substr(person.username, 6)::int % {OTHER_POSTS}"
        f" JOIN {Post.__tablename__} ON post.unit_id = unit.id WHERE person.username LIKE 'other%'",
        "DROP TABLE copy",
        "VACUUM ANALYZE",
    ):  # fmt: skip
        scene.execute(statement)


def _copied(table: type, changed: str, where: str, copies: str = "copy") -> str:
    """INSERT … SELECT of all columns of one row for each copy, with some of them changed."""
    name = table.__tablename__  # type: ignore[attr-defined]
    changes = dict(each.strip().split(" = ", 1) for each in _split(changed))
    kept = [column.name for column in table.__table__.columns if changes.get(column.name) != "DEFAULT"]  # type: ignore[attr-defined]
    values = ", ".join(changes.get(column, f's."{column}"') for column in kept)
    columns = ", ".join(f'"{column}"' for column in kept)
    return f"INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {name} s, {copies} copy WHERE {where}"


def _split(text: str) -> list[str]:
    """Split at commas outside brackets."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts
