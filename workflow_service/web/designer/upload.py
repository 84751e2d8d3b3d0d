"""Uploading: files are checked first, the findings shown on the diagram, and deployed only when confirmed."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from lxml import etree

from workflow_service.domain.errors import InvalidInput, TooLarge
from workflow_service.engine.problems import DefinitionRefused, Problem
from workflow_service.i18n import N_, _
from workflow_service.services import deployments
from workflow_service.store import definition_list

from ..current import page_actor, page_now, page_session, transaction
from ..rights import require

MAX_BYTES = 5_000_000
FIELD = "content:"
_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


@dataclass(frozen=True)
class Checked:
    """One file after the check: its bytes, the processes in it and what was found, errors first."""

    name: str
    content: bytes
    keys: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def is_diagram(self) -> bool:
        return self.name.endswith(".bpmn")

    @property
    def text(self) -> str:
        """What the viewer draws, in whatever encoding the file is written."""
        root = _root(self.content) if self.is_diagram else None
        if root is not None:
            return etree.tostring(root, encoding="unicode")
        return self.content.decode("utf-8", errors="replace")

    @property
    def carried(self) -> str:
        """The bytes as the form carries them to the deployment: what is deployed is what was checked."""
        return base64.b64encode(self.content).decode("ascii")

    @property
    def errors(self) -> int:
        return sum(problem.is_error for problem in self.problems)


def connect(blueprint: Blueprint) -> None:
    """Give the designer's room its upload pages."""
    blueprint.add_url_rule("/upload", "upload", choose)
    blueprint.add_url_rule("/upload", "check", check, methods=["POST"])
    blueprint.add_url_rule("/deploy", "deploy", deploy, methods=["POST"])


def choose() -> ResponseReturnValue:
    """Choose files."""
    require("definition.deploy")
    return render_template("designer/upload.html")


def check() -> ResponseReturnValue:
    """Check what was uploaded and show the findings; nothing is deployed yet."""
    require("definition.deploy")
    return _shown(_uploaded())


def deploy() -> ResponseReturnValue:
    """Deploy what was checked; a file that fails now shows its findings again."""
    require("definition.deploy")
    request.max_form_memory_size = MAX_BYTES * 2
    files = {name.removeprefix(FIELD): _restored(text) for name, text in request.form.items() if name.startswith(FIELD)}
    note = request.form.get("note", "").strip()
    try:
        with transaction() as session:
            deployed = deployments.deploy_files(
                session, page_actor(), request.form.get("name", "").strip() or _title(files), files,
                now=page_now(), note=note,
            )  # fmt: skip
    except DefinitionRefused:
        return _shown(files)
    flash(_("已部署。新启动的流程使用新版本，正在办理的仍按原版本办完。"))
    return redirect(url_for("designer.deployment", deployment_id=deployed.id))


def _uploaded() -> dict[str, bytes]:
    files = {each.filename or "": each.read(MAX_BYTES + 1) for each in request.files.getlist("files") if each.filename}
    if not files:
        raise InvalidInput(N_("请选择 .bpmn、.dmn 或表单 .json 文件。"))
    for name, content in files.items():
        if len(content) > MAX_BYTES:
            raise TooLarge(N_("文件“%(name)s”超过 5 MB。"), name=name)
    return files


def _restored(carried: str) -> bytes:
    try:
        return base64.b64decode(carried, validate=True)
    except ValueError:
        raise InvalidInput(N_("请选择 .bpmn、.dmn 或表单 .json 文件。")) from None


def _title(files: Mapping[str, bytes]) -> str:
    return "、".join(sorted(name.rsplit("/", 1)[-1] for name in files))[:200]


def _shown(files: Mapping[str, bytes]) -> ResponseReturnValue:
    session = page_session()
    found = deployments.check_files(session, page_actor(), files)
    checked = [_checked(name, content, found.get(name, [])) for name, content in sorted(files.items())]
    keys = {key for each in checked for key in each.keys}
    running = definition_list.running_by_version(session, keys) if keys else {}
    errors = sum(each.errors for each in checked)
    page = render_template(
        "designer/checked.html",
        files=checked,
        errors=errors,
        warnings=sum(len(each.problems) for each in checked) - errors,
        left_running={key: sum(count for (own, _), count in running.items() if own == key) for key in sorted(keys)},
        name=request.form.get("name", "") or _title(files),
        field=FIELD,
    )
    return page, 422 if errors else 200


def _checked(name: str, content: bytes, problems: list[Problem]) -> Checked:
    ordered = tuple(sorted(problems, key=lambda problem: not problem.is_error))
    return Checked(name, content, _keys(content) if name.endswith(".bpmn") else (), ordered)


def _keys(content: bytes) -> tuple[str, ...]:
    root = _root(content)
    return () if root is None else tuple(key for each in root.iter(f"{_BPMN}process") if (key := each.get("id")))


def _root(content: bytes) -> etree._Element | None:
    """The diagram, None where it cannot be read at all."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        return None
