"""The page of one task: the form and what is needed to fill it, and everything that can be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import Conflict, Forbidden
from workflow_service.i18n import _
from workflow_service.identity import policy
from workflow_service.services import (
    absences,
    bulletin_scope,
    bulletins,
    catalogue_changes,
    forms,
    signers,
    tasks,
    urging,
)
from workflow_service.store import deadlines, inbox, instance_view, plan_list
from workflow_service.store.runtime import ProcessInstance, Task

from ..current import is_htmx, page_actor, page_day, page_now, page_session, transaction
from ..formats import clock_time
from ..forms import fields_of, read_values
from ..instances.diagrams import drawn, marks_of
from ..instances.slips import mark_of, page_slip
from ..once import repeated_answer
from ..operation_words import operation_word, says_as_suites
from ..rights import allowed
from ..supervision.reports import report_beside
from . import materials, operations, signing, urge
from .ahead import ahead_of
from .around import around, may_remove, still_asked, what_next
from .choices import form_options
from .given import given_values, own_values

COMPLETE = "web.task.complete"


def connect(blueprint: Blueprint) -> None:
    """Give the room of tasks the page of one task."""
    rule = blueprint.add_url_rule
    rule("/<int:task_id>", "show", show)
    rule("/<int:task_id>/complete", "complete", complete, methods=["POST"])
    rule("/<int:task_id>/draft", "draft", draft, methods=["POST"])
    rule("/<int:task_id>/claim", "claim", claim, methods=["POST"])
    rule("/<int:task_id>/unclaim", "unclaim", unclaim, methods=["POST"])
    materials.connect(blueprint)
    operations.connect(blueprint)
    urge.connect(blueprint)
    signing.connect(blueprint)


def show(task_id: int) -> ResponseReturnValue:
    """The task, open or over, for everybody who may see it."""
    session, actor = page_session(), page_actor()
    task, row = tasks.visible_task(session, actor, task_id)
    kept = tasks.draft_of(session, actor, task_id) if task.status == "open" else None
    values = kept.values if kept else (task.submission or task.prefill or {})
    return task_page(task, row, values, kept_words=kept_line(kept.saved_at) if kept else "")


def task_page(
    task: Task, row: ProcessInstance, values: Mapping[str, Any], *, faults: Mapping[str, str] | None = None,
    conflict: str = "", kept_words: str = "", status: int = 200,
) -> ResponseReturnValue:  # fmt: skip
    """The whole page; `faults` by field after a refused submission, `conflict` where somebody else was first."""
    session, actor = page_session(), page_actor()
    schema = forms.form_of_task(session, task, row.definition_id)
    activities = instance_view.activities_of(session, row.id)
    incidents = instance_view.incidents_of(session, row.id)
    picture = drawn(session, row, task.process_key, activities)
    plan_id, seen = task.plan_id, around(session, task, row)
    ahead = ahead_of(picture.xml, task.process_key, task.element_id)
    sentence, choices = what_next(task, seen, ahead)
    works = task.status == "open" and not task.held and tasks.may_work(session, actor, task)
    told = bulletins.bulletin_of_run(session, actor, row.definition_key, row.business_key)
    html = render_template(
        "tasks/show.html",
        task=task,
        instance=row,
        plan=plan_list.plan_by_id(session, plan_id) if plan_id else None,
        schema=schema,
        fields=fields_of(schema, {**values, **given_values(task, row, schema, values)}, faults, form_options),
        own_values=own_values(task),
        works=works,
        acting_for=tasks.as_he_acts(session, actor, task).acting_for,
        around=seen,
        still_asked=still_asked,
        may_remove=may_remove,
        signing=task.status == "open" and signers.rule_of(session, row, task) is not None,
        may_retrieve=operations.retrieve_effect(task, row),
        may_reassign=task.status == "open" and not task.held and allowed("task.reassign", policy.thing_of(task.area_path)),
        taken_by=materials.taken_by(session, task, tasks.as_he_acts(session, actor, task).responsible),
        conflict=conflict,
        kept_words=kept_words,
        picture=picture,
        marks=marks_of(activities, incidents, task.process_key),
        documentation=ahead.documentation if seen.behind is None else "",
        next_line=sentence,
        next_by_choice=choices,
        deadline_changes=deadlines.changes_of(session, task_id=task.id),
        slip=page_slip(row.id),
        change_id=catalogue_changes.change_of_run(row),
        mark_of=mark_of,
        comments=instance_view.comments_of(session, row.id),
        files=materials.files_of(session, plan_id, row.id),
        bulletin=told,
        bulletin_about=bulletin_scope.name_of(told) if told else "",
        **report_beside(task, row),
        faults=len(faults or {}),
        may_set_due=allowed("task.set_due", policy.thing_of(task.area_path)),
        may_urge=urging.may_urge(session, actor, task, row),
        away=absences.holders_away(session, [task.id], page_day()).get(task.id, []) if task.status == "open" else [],
    )
    return make_response(html, status)


def complete(task_id: int) -> ResponseReturnValue:
    """Hand in the form; a second click gets the first one's answer."""
    session, actor = page_session(), page_actor()
    task, row = tasks.visible_task(session, actor, task_id)
    values = read_values(forms.form_of_task(session, task, row.definition_id), request.form)
    try:
        with transaction() as writing:
            if not repeated_answer(writing, COMPLETE, actor.user_id):
                tasks.complete_task(writing, actor, task_id, values, now=page_now())
    except forms.FormErrors as error:
        session.expire_all()
        return task_page(task, row, values, faults=faults_by_name(error), status=422)
    except (Conflict, Forbidden) as error:  # somebody was first, or it was given to somebody else while this was typed
        session.expire_all()
        return task_page(task, row, values, conflict=error.message, status=error.status)
    flash(_("已提交“%(name)s”。", name=task.name))
    if request.accept_mimetypes.best == "application/json":  # the page's script, which forgets its copy and goes on
        return jsonify(go=url_for("tasks.inbox"))
    return redirect(url_for("tasks.inbox"))


def faults_by_name(error: forms.FormErrors) -> dict[str, str]:
    """The faults by the name that the field has on the page."""
    return {each["field"].replace("/", "."): each["message"] for each in error.details["fields"]}


def draft(task_id: int) -> ResponseReturnValue:
    """Keep what is typed; answers the line that says so."""
    session, actor = page_session(), page_actor()
    task, row = tasks.visible_task(session, actor, task_id)
    values = read_values(forms.form_of_task(session, task, row.definition_id), request.form)
    with transaction() as writing:
        tasks.save_draft(writing, actor, task_id, values, now=page_now())
    return kept_line(page_now())


def kept_line(moment: datetime) -> str:
    """The one line that says until when the form is kept, on the page and as the answer that its script shows."""
    time = clock_time(moment)
    return _("草稿已保存 %(time)s", time=time) if says_as_suites() else _("已暂存 %(time)s", time=time)


def claim(task_id: int) -> ResponseReturnValue:
    """Take a group's task; in a list its row comes back as it stands now."""
    with transaction() as session:
        task = tasks.claim_task(session, page_actor(), task_id, now=page_now())
    if is_htmx():
        return _row(task_id)
    flash(_("已%(what)s“%(name)s”，同岗位人员会看到由您办理。", what=operation_word("claim"), name=task.name))
    return redirect(url_for("tasks.show", task_id=task_id))


def unclaim(task_id: int) -> ResponseReturnValue:
    """Put it back to the group; in a list its row comes back as it stands now."""
    with transaction() as session:
        task = tasks.unclaim_task(session, page_actor(), task_id, now=page_now())
    if is_htmx():
        return _row(task_id)
    flash(_("已%(what)s“%(name)s”，同岗位人员都可以办理。", what=operation_word("unclaim"), name=task.name))
    return redirect(url_for("tasks.inbox"))


def _row(task_id: int) -> ResponseReturnValue:
    """One row of the inbox; the counts of the frame are asked anew."""
    answer = make_response(render_template("tasks/row.html", row=inbox.row_of(page_session(), task_id)))
    answer.headers["HX-Trigger"] = "counts"
    return answer
