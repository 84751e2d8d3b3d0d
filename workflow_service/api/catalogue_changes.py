"""Changes of the catalogue: plans split, merged, withdrawn, re-dated; the approval is entered as a task of the run."""

from __future__ import annotations

from typing import Any

from workflow_service.identity import policy
from workflow_service.services import catalogue_carrying, catalogue_changes
from workflow_service.services.catalogue_changes import ChangeAsked, Successor
from workflow_service.store import catalogue_changes as store
from workflow_service.store.catalogue_changes import ChangeFilter, ChangeRow
from workflow_service.store.plans import Plan

from . import cursors
from .calls import Answer, Call, endpoint
from .catalogue_shapes import (
    AmendmentGiven,
    ChangeGiven,
    ChangeLine,
    ChangeQuery,
    Changes,
    ChangeShown,
    SuccessorShown,
)

TAG = "catalogue changes"


@endpoint("/catalogue-changes", query=ChangeQuery, answer=Changes, tag=TAG)
def list_changes(call: Call, query: ChangeQuery) -> Changes:
    """List the changes of my areas, the latest first."""
    after = cursors.decode(query.cursor, int)
    wanted = ChangeFilter(
        areas=policy.visible_areas(call.actor), state=query.state or "", kind=query.kind or "", text=query.q,
        plan_id=query.plan_id,
    )  # fmt: skip
    rows = store.rows(call.session, wanted, after=after[0] if after else None, limit=query.limit + 1)
    total, limit, shown = store.count(call.session, wanted), store.COUNT_LIMIT, rows[: query.limit]
    following = cursors.encode(shown[-1].change.id) if len(rows) > query.limit else None
    plans = store.plans_of(call.session, [row.change for row in shown])
    items = [ChangeLine(**_values(row, plans)) for row in shown]
    return Changes(items=items, next_cursor=following, total=min(total, limit), more=total > limit)


@endpoint("/catalogue-changes", "POST", body=ChangeGiven, answer=ChangeShown, status=201, tag=TAG)
def propose_change(call: Call, body: ChangeGiven) -> Answer:
    """Propose a change; the commission reviews it, and nothing changes before the government's approval is entered."""
    made = catalogue_changes.propose_change(call.session, call.actor, _asked(body), now=call.now)
    return Answer(_shown(call, made.id), location=f"/catalogue-changes/{made.id}")


@endpoint("/catalogue-changes/<id:change_id>", answer=ChangeShown, tag=TAG)
def get_change(call: Call, change_id: int) -> ChangeShown:
    """Give a change with what is proposed and what it will end."""
    catalogue_changes.visible_change(call.session, call.actor, change_id)
    return _shown(call, change_id)


@endpoint("/catalogue-changes/<id:change_id>/amendment", "POST", body=AmendmentGiven, answer=ChangeShown, tag=TAG)
def amend_change(call: Call, change_id: int, body: AmendmentGiven) -> ChangeShown:
    """Put a change that came back for amendment forward anew; its task is handed in with it."""
    catalogue_changes.amend_change(call.session, call.actor, change_id, _asked(body), body.note, now=call.now)
    return _shown(call, change_id)


def _asked(body: ChangeGiven) -> ChangeAsked:
    values = body.model_dump(exclude={"note"})
    return ChangeAsked(**values | {"successors": [Successor(**one) for one in values["successors"]]})


def _shown(call: Call, change_id: int) -> ChangeShown:
    row = store.row_of(call.session, change_id)
    plans = store.plans_of(call.session, [row.change])
    ends = catalogue_carrying.runs_that_end(call.session, row.change) if row.state == store.OPEN else []
    return ChangeShown(
        **_values(row, plans), successors=[SuccessorShown(**one) for one in row.change.successors],
        ends_process_instance_ids=[run.id for run in ends],
    )  # fmt: skip


def _values(row: ChangeRow, plans: dict[int, Plan]) -> dict[str, Any]:
    one = row.change
    same = ("id", "kind", "plan_ids", "into_plan_id", "due_on", "reason", "basis", "ordered_by", "proposed_at", "document_number",
            "decided_on", "decided_at", "answer", "made_plan_ids")  # fmt: skip
    return {name: getattr(one, name) for name in same} | {
        "state": row.state, "summary": str(catalogue_changes.summary_of(one, plans)), "proposed_by": row.proposer,
        "proposed_unit": row.unit, "process_instance_id": one.instance_id,
    }  # fmt: skip
