"""Changes of the catalogue: all in sight, and one with what it will do or did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from workflow_service.i18n import _
from workflow_service.identity import policy
from workflow_service.services import catalogue_carrying, catalogue_changes, recipients, task_access
from workflow_service.services.catalogue_changes import Successor, asked_of
from workflow_service.store import catalogue_changes as store
from workflow_service.store import listed_list, people_queries, plan_list
from workflow_service.store.catalogue_changes import CatalogueChange, ChangeFilter, ChangeRow
from workflow_service.store.plans import Plan

from .. import cursors
from ..current import page_actor, page_session, require_sign_in
from ..listing import PAGE_ROWS, address, filter_values
from ..sheets import sheet
from ..words import word
from . import proposal

blueprint = Blueprint("catalogue", __name__, url_prefix="/catalogue", template_folder="templates")
blueprint.before_request(require_sign_in)
proposal.connect(blueprint)

FILTERS = ("state", "kind", "q")


@blueprint.get("")
def index() -> ResponseReturnValue:
    """The changes of the reader's areas, the latest first."""
    session, chosen = page_session(), filter_values(*FILTERS)
    wanted, after = _filter(chosen), cursors.decode(cursors.number)
    found = store.rows(session, wanted, after=after[0] if after else None, limit=PAGE_ROWS + 1)
    rows = found[:PAGE_ROWS]
    return render_template(
        "catalogue/index.html", rows=rows, chosen=chosen, total=store.count(session, wanted), summaries=_summaries(rows),
        next_address=address(after=cursors.encode(rows[-1].change.id)) if len(found) > PAGE_ROWS else "",
    )  # fmt: skip


@blueprint.get("/changes.xlsx")
def export() -> ResponseReturnValue:
    """Exactly the rows of the filters."""
    rows = store.rows(page_session(), _filter(filter_values(*FILTERS)), limit=None)
    heads = (_("调整内容"), _("类型"), _("提出单位"), _("提出时间"), _("状态"), _("批复文号"), _("批准日期"), _("理由"))
    summaries = _summaries(rows)
    return sheet(_("目录调整"), heads, (_cells(row, summaries[row.change.id]) for row in rows))


@blueprint.get("/<int:change_id>")
def show(change_id: int) -> ResponseReturnValue:
    """One change: what is proposed, what it will do once it is approved, or what it did."""
    session, actor = page_session(), page_actor()
    found = catalogue_changes.visible_change(session, actor, change_id)
    row, plans = store.row_of(session, change_id), store.plans_of(session, [found])
    tasks = listed_list.open_tasks(session, found.instance_id)
    mine = next((one for one in tasks if task_access.may_work(session, actor, one)), None)
    return render_template(
        "catalogue/show.html", row=row, change=found, plans=plans, tasks=tasks, mine=mine,
        summary=str(catalogue_changes.summary_of(found, plans)), successors=_successors(found),
        ends=_ends(found) if row.state == store.OPEN else [], amends=mine is not None and mine.element_id == "amend",
        files=plan_list.attachments(session, actor.user_id, instance_id=found.instance_id) if found.instance_id else [],
        order=found.order_attachment_id,
    )  # fmt: skip


def changes_of_plan(plan: Plan) -> dict[str, Any]:
    """What a plan's page says of changes: all that touch it, what follows it, what it follows."""
    session = page_session()
    changes = store.of_plan(session, plan.id)
    return {
        "changes": changes, "change_summaries": _summaries(changes), "successors": store.successors_of(session, plan),
        "sources": store.sources_of(session, plan),
    }  # fmt: skip


def _summaries(rows: Sequence[ChangeRow]) -> dict[int, str]:
    plans = store.plans_of(page_session(), [row.change for row in rows])
    return {row.change.id: str(catalogue_changes.summary_of(row.change, plans)) for row in rows}


def _cells(row: ChangeRow, summary: str) -> tuple[Any, ...]:
    one = row.change
    return (
        summary, word(one.kind, "change_kind"), row.unit, one.proposed_at, word(row.state, "change_state"), one.document_number,
        one.decided_on, one.reason,
    )  # fmt: skip


def _filter(chosen: dict[str, str]) -> ChangeFilter:
    return ChangeFilter(
        areas=policy.visible_areas(page_actor()), state=chosen.get("state", ""), kind=chosen.get("kind", ""),
        text=chosen.get("q", ""),
    )  # fmt: skip


def _successors(change: CatalogueChange) -> list[tuple[Successor, str]]:
    """The plans that are to follow, each with the name of its unit."""
    found = []
    for one in asked_of(change).successors:
        unit = people_queries.unit_by_code(page_session(), one.lead_unit)
        found.append((one, unit.name if unit is not None else one.lead_unit))
    return found


def _ends(change: CatalogueChange) -> list[tuple[Any, list[tuple[str, str]]]]:
    """The runs that will end, each with its open tasks and before whom they lie."""
    session = page_session()
    runs = catalogue_carrying.runs_that_end(session, change)
    tasks = store.open_tasks_of(session, [run.id for run in runs])
    holders = {
        task.id: _("、").join(recipients.name_of(session, one) for one in task_access.holders_of(task)) for task in tasks
    }
    return [(run, [(task.name, holders[task.id]) for task in tasks if task.instance_id == run.id]) for run in runs]

