"""Process definitions: versions, their diagrams as BPMN and as a picture."""

from __future__ import annotations

from flask import Response

from workflow_service.documents.diagram_svg import picture_of
from workflow_service.domain.errors import NotFound
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import definition_list
from workflow_service.store.definitions import ProcessDefinition

from .calls import Answer, Call, endpoint
from .definition_shapes import (
    DefinitionDetail,
    DefinitionLine,
    Definitions,
    DefinitionShown,
    VersionLine,
    Versions,
)

TAG = "process-definitions"


@endpoint("/process-definitions", answer=Definitions, tag=TAG)
def list_definitions(call: Call) -> Definitions:
    """List the newest version of every process."""
    policy.require(call.actor, "definition.see")
    items = [
        DefinitionLine.model_construct(
            **dict(DefinitionShown.model_validate(row.definition)),
            running=row.running,
            running_on_older=row.running_on_older,
        )
        for row in definition_list.latest_processes(call.session)
    ]
    return Definitions(items=items)


@endpoint("/process-definitions/<id:definition_id>", answer=DefinitionDetail, tag=TAG)
def get_definition(call: Call, definition_id: int) -> Answer:
    """Give one version with the warnings of its check."""
    return Answer(DefinitionDetail.model_validate(_definition(call, definition_id)))


@endpoint("/process-definitions/<id:definition_id>/versions", answer=Versions, tag=TAG)
def list_versions(call: Call, definition_id: int) -> Versions:
    """List all versions of the same process with their open instances, the newest first."""
    key = _definition(call, definition_id).key
    running = definition_list.running_by_version(call.session, [key])
    items = [
        VersionLine.model_construct(
            **dict(DefinitionShown.model_validate(row)),
            deployed_by_name=person,
            running=running.get((key, row.version), 0),
        )
        for row, person in definition_list.versions_of(call.session, key)
    ]
    return Versions(items=items)


@endpoint("/process-definitions/<id:definition_id>/xml", tag=TAG, media="application/xml")
def get_xml(call: Call, definition_id: int) -> Response:
    """Give the diagram as it was deployed."""
    resource = _definition(call, definition_id).resource
    response = Response(resource.content, content_type="application/xml")
    response.set_etag(resource.sha256)
    return response


@endpoint("/process-definitions/<id:definition_id>/diagram", tag=TAG, media="image/svg+xml")
def get_picture(call: Call, definition_id: int) -> Response:
    """Give the diagram as a picture (SVG), drawn from its own layout."""
    definition = _definition(call, definition_id)
    response = Response(picture_of(definition.resource.content), content_type="image/svg+xml; charset=utf-8")
    response.set_etag(definition.resource.sha256)
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return response


def _definition(call: Call, definition_id: int) -> ProcessDefinition:
    policy.require(call.actor, "definition.see")
    found = definition_list.definition_by_id(call.session, definition_id)
    if found is None:
        raise NotFound(N_("没有编号为 %(id)s 的流程定义。"), id=definition_id)
    return found
