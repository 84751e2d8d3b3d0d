"""What the frame counts: each task once, whoever of one's posts holds it, no further than it shows."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from tests.services.catalogue import Catalogue
from workflow_service.store import bell
from workflow_service.store.database import Database
from workflow_service.store.runtime import TaskHolder

DUE = datetime(2025, 12, 1, tzinfo=UTC)


@pytest.fixture
def catalogue(database: Database) -> Iterator[Catalogue]:
    with database.transaction() as session:
        made = Catalogue(session)
        made.unit("zj")
        made.person("one", "zj")
        made.plan("一", "zj", date(2025, 1, 1))
        yield made


def test_a_task_of_two_of_ones_posts_counts_once_and_one_that_a_colleague_took_not_at_all(catalogue: Catalogue) -> None:
    session, person = catalogue.session, catalogue.people["one"].id
    groups = {f"u:{person}", "g:zj:handler", "g:zj:leader"}
    assert bell.counts(session, person, groups).tasks == 0
    both, taken, own = (catalogue.task("一", "zj", DUE) for _each in range(3))
    session.add(TaskHolder(task_id=both.id, holder="g:zj:leader", due_at=DUE))
    session.flush()
    assert bell.counts(session, person, groups).tasks == 3
    for task, who in ((taken, person + 1), (own, person)):
        held = {"task": task.id, "who": who}
        session.execute(text("UPDATE task_holder SET claimed_by = :who WHERE task_id = :task"), held)
    assert bell.counts(session, person, groups).tasks == 2
    assert bell.counts(session, person, set()).tasks == 0


def test_more_than_a_thousand_is_said_by_one_more(catalogue: Catalogue) -> None:
    session, person = catalogue.session, catalogue.people["one"].id
    task = catalogue.task("一", "zj", DUE)
    columns = "instance_id, token, process_key, element_id, name, title, area_path, status, stage, created_at, candidate_groups"
    session.execute(text(
        f"WITH made AS (INSERT INTO task ({columns}) SELECT {columns.replace('token', 'gen_random_uuid()')}"
        " FROM task, generate_series(1, 1200) WHERE id = :task RETURNING id)"
        " INSERT INTO task_holder (task_id, holder, due_at) SELECT id, h, now() FROM made, unnest(ARRAY['g:a:x', 'g:b:x']) h"
    ), {"task": task.id})  # fmt: skip
    assert bell.counts(session, person, {"g:a:x", "g:b:x"}).tasks == bell.COUNT_LIMIT + 1
