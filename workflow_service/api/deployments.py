"""Deployments: diagrams, tables and forms come together, or not at all."""

from __future__ import annotations

from flask import request
from pydantic import Field

from workflow_service.domain.errors import InvalidInput, NotFound
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.services import deployments
from workflow_service.store import definition_list

from . import cursors
from .calls import Answer, Call, endpoint
from .definition_shapes import (
    Checked,
    CheckedFile,
    DefinitionShown,
    DeployedShown,
    DeploymentLine,
    Deployments,
    ResourceShown,
)
from .problems import of_definition
from .schema import Place
from .shapes import Given, PageQuery

TAG = "deployments"


class DeployGiven(Given):
    """What the deployment is called, and a note for its list."""

    name: str = Field(min_length=1, max_length=200)
    note: str = Field("", max_length=1000)


class CheckGiven(Given):
    """Nothing besides the files."""


@endpoint("/deployments", query=PageQuery, answer=Deployments, tag=TAG)
def list_deployments(call: Call, query: PageQuery) -> Deployments:
    """List deployments, the newest first."""
    policy.require(call.actor, "definition.see")
    after = cursors.decode(query.cursor, int)
    rows = definition_list.deployments(call.session, after=after[0] if after else None, limit=query.limit + 1)
    shown = rows[: query.limit]
    following = cursors.encode(shown[-1][0].id) if len(rows) > query.limit else None
    items = [
        DeploymentLine(
            id=row.id, name=row.name, note=row.note, deployed_at=row.deployed_at, deployed_by=row.deployed_by,
            deployed_by_name=person, files=count,
        )
        for row, person, count in shown
    ]  # fmt: skip
    return Deployments(items=items, next_cursor=following)


@endpoint("/deployments", "POST", form=DeployGiven, files=("files",), answer=DeployedShown, status=201, tag=TAG)
def deploy(call: Call, form: DeployGiven) -> Answer:
    """Deploy .bpmn, .dmn and form .json files; every error of every file is named, and then nothing is deployed."""
    deployment = deployments.deploy_files(
        call.session, call.actor, form.name, _files(), now=call.now, note=form.note
    )
    return Answer(_deployed(call, deployment.id), location=f"/deployments/{deployment.id}")


@endpoint("/deployments/check", "POST", form=CheckGiven, files=("files",), answer=Checked, tag=TAG)
def check(call: Call, form: CheckGiven) -> Checked:
    """Check files as a deployment would, without deploying them."""
    policy.require(call.actor, "definition.see")
    found = deployments.check_files(call.session, call.actor, _files())
    files = [
        CheckedFile(file=name, problems=[Place.model_validate(of_definition(one)) for one in problems])
        for name, problems in found.items()
    ]
    return Checked(deployable=not any(one.is_error for all_of in found.values() for one in all_of), files=files)


@endpoint("/deployments/<id:deployment_id>", answer=DeployedShown, tag=TAG)
def get_deployment(call: Call, deployment_id: int) -> DeployedShown:
    """Give a deployment with its files and the process definitions that came of it."""
    policy.require(call.actor, "definition.see")
    return _deployed(call, deployment_id)


def _deployed(call: Call, deployment_id: int) -> DeployedShown:
    row = definition_list.deployment_by_id(call.session, deployment_id)
    if row is None:
        raise NotFound(N_("没有编号为 %(id)s 的部署。"), id=deployment_id)
    resources = definition_list.resources_of(call.session, deployment_id)
    definitions = definition_list.definitions_of(call.session, deployment_id)
    return DeployedShown(
        id=row.id, name=row.name, note=row.note, deployed_at=row.deployed_at, deployed_by=row.deployed_by,
        resources=[ResourceShown.model_validate(one) for one in resources],
        process_definitions=[DefinitionShown.model_validate(one) for one in definitions],
    )  # fmt: skip


def _files() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for upload in request.files.getlist("files"):
        name = (upload.filename or "").replace("\\", "/").rpartition("/")[2]
        if not name or name in files:
            raise InvalidInput(N_("文件“%(name)s”没有名称或重名。"), name=name, field="files")
        files[name] = upload.stream.read()
    return files
