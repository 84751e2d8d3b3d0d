"""Definitions, their versions and files; upload, check, deploy."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import NotFound
from workflow_service.i18n import N_, SOURCE_LANGUAGE, _, current_language
from workflow_service.services import ownership
from workflow_service.store import definition_list
from workflow_service.store.definitions import ProcessDefinition

from .. import cursors, downloads
from ..current import page_session, require_sign_in
from ..listing import PAGE_ROWS, address
from ..rights import require
from ..words import DECISIONS, ROUTES
from . import upload

blueprint = Blueprint("designer", __name__, url_prefix="/designer", template_folder="templates")
blueprint.before_request(require_sign_in)
blueprint.before_request(lambda: require("definition.see"))
upload.connect(blueprint)



@blueprint.get("")
def index() -> ResponseReturnValue:
    """The newest version of every process, table and form."""
    session = page_session()
    return render_template(
        "designer/index.html",
        processes=definition_list.latest_processes(session),
        decisions=definition_list.latest_decisions(session),
        forms=definition_list.latest_forms(session),
    )


@blueprint.get("/processes/<key>")
def latest(key: str) -> ResponseReturnValue:
    """The newest version of a process."""
    versions = definition_list.versions_of(page_session(), key)
    if not versions:
        raise NotFound(N_("没有部署过流程“%(key)s”。"), key=key)
    return show(versions[0][0].id)


@blueprint.get("/definitions/<int:definition_id>")
def show(definition_id: int) -> ResponseReturnValue:
    """One version: its diagram, what it calls, what the check found, and the other versions."""
    session, definition = page_session(), _definition(definition_id)
    running = definition_list.running_by_version(session, [definition.key])
    return render_template(
        "designer/show.html",
        definition=definition,
        versions=definition_list.versions_of(session, definition.key),
        running={version: count for (_, version), count in running.items()},
        parts=_parts(definition),
        owner=ownership.owner_name(session, definition.area_path),
    )


def _definition(definition_id: int) -> ProcessDefinition:
    found = definition_list.definition_by_id(page_session(), definition_id)
    if found is None:
        raise NotFound(N_("没有编号为 %(id)s 的流程定义。"), id=definition_id)
    return found


def _parts(definition: ProcessDefinition) -> dict[str, list[tuple[str, str, Any]]]:
    """What the version pins, by kind: processes, tables, forms, each with key, name and version."""
    kinds: dict[str, list[tuple[str, Any]]] = {"": [], "table": [], "form": []}
    for part, version in sorted(definition.called.items()):
        kind, _space, key = part.rpartition(" ")
        kinds.setdefault(kind, []).append((key, version))
    names = definition_list.names_of(page_session(), kinds)
    return {
        kind: [(key, _titled(kind, key, names.get((kind, key, version))), version) for key, version in found]
        for kind, found in kinds.items()
    }


def _titled(kind: str, key: str, name: str | dict[str, Any] | None) -> str:
    """A delivered process or table in the words of the pages, another by its own name, a form by its title."""
    if not isinstance(name, dict):
        delivered = {"": ROUTES, "table": DECISIONS}.get(kind, {}).get(key)
        return _(delivered) if delivered else name or key
    wanted = "title" if current_language() == SOURCE_LANGUAGE else "x-title-en"
    return str(name.get(wanted) or name.get("title") or key)


@blueprint.get("/definitions/<int:definition_id>/diagram.bpmn")
def diagram(definition_id: int) -> Response:
    """The file as it was deployed."""
    definition = _definition(definition_id)
    return Response(definition.resource.content, mimetype="application/xml")


@blueprint.get("/decisions/<int:decision_id>")
def decision(decision_id: int) -> ResponseReturnValue:
    """One decision table as a table."""
    found = definition_list.decision_by_id(page_session(), decision_id)
    if found is None:
        raise NotFound(N_("没有编号为 %(id)s 的决策表。"), id=decision_id)
    return render_template("designer/decision.html", decision=found)


@blueprint.get("/forms/<key>")
def form(key: str) -> ResponseReturnValue:
    """One form as staff see it."""
    found = next((one for one in definition_list.latest_forms(page_session()) if one.key == key), None)
    if found is None:
        raise NotFound(N_("没有部署过表单“%(key)s”。"), key=key)
    from ..forms import fields_of

    return render_template("designer/form.html", form=found, fields=fields_of(found.form_schema))


@blueprint.get("/deployments")
def deployments() -> ResponseReturnValue:
    """Every upload, the newest first."""
    after = cursors.decode(cursors.number)
    found = definition_list.deployments(page_session(), after=after[0] if after else None, limit=PAGE_ROWS + 1)
    rows = found[:PAGE_ROWS]
    following = address(after=cursors.encode(rows[-1][0].id)) if len(found) > PAGE_ROWS else ""
    return render_template("designer/deployments.html", rows=rows, next_address=following)


@blueprint.get("/deployments/<int:deployment_id>")
def deployment(deployment_id: int) -> ResponseReturnValue:
    """The files of one upload."""
    found = definition_list.deployment_by_id(page_session(), deployment_id)
    if found is None:
        raise NotFound(N_("没有编号为 %(id)s 的部署。"), id=deployment_id)
    files = definition_list.resources_of(page_session(), deployment_id)
    return render_template("designer/deployment.html", deployment=found, files=files)


@blueprint.get("/files/<int:resource_id>")
def download(resource_id: int) -> Response:
    """One deployed file, unchanged."""
    found = definition_list.resource_by_id(page_session(), resource_id)
    if found is None:
        raise NotFound(N_("没有这个文件。"))
    name = found.name.rsplit("/", 1)[-1]
    return downloads.download(found.content, name)
