"""Importing people: template, dry run with every row's errors, then all rows or none.

What was read travels in the page, signed, between the dry run and the import: nothing is kept for uploads that are left.
"""

from __future__ import annotations

import base64
import csv
import io
from dataclasses import asdict
from typing import Any

from flask import current_app, render_template, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer

from workflow_service.domain.errors import Conflict, InvalidInput, TongchouError
from workflow_service.i18n import N_, _
from workflow_service.identity import import_people as files
from workflow_service.identity.import_people import ImportRow
from workflow_service.services.people_import import (
    ImportCheck,
    ImportResult,
    check_import,
    posts_for_template,
    run_import,
)

from ..current import page_actor, page_now, page_session, transaction
from ..downloads import download
from ..rights import require
from .blueprint import blueprint

KEPT_SECONDS = 3600
MOST_SHOWN = 500
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.route("/import", methods=["GET", "POST"])
def import_page() -> ResponseReturnValue:
    """Upload a list; the answer is the dry run."""
    require("people.manage")
    if request.method == "GET":
        return _page()
    try:
        rows = _uploaded()
    except TongchouError as error:
        return _page(error)
    check = check_import(page_session(), page_actor(), rows, now=page_now())
    return _show(check, _sealed(rows) if check.is_clean else "")


@blueprint.post("/import/confirm")
def confirm_import() -> ResponseReturnValue:
    """Carry out what the dry run showed; it is checked once more, for others may have worked meanwhile."""
    require("people.manage")
    rows = _unsealed(request.form.get("rows", ""))
    try:
        with transaction() as writing:
            result = run_import(writing, page_actor(), rows, now=page_now())
    except (InvalidInput, Conflict) as error:
        check = check_import(page_session(), page_actor(), rows, now=page_now())
        return _show(check, "", error)
    page = render_template("people/imported.html", result=result, download=_passwords(result))
    return page, 200, {"Cache-Control": "no-store"}


@blueprint.get("/import/template.<any(xlsx, csv):ending>")
def import_template(ending: str) -> ResponseReturnValue:
    """The template to fill in; the xlsx lists the units and posts that the administrator may fill."""
    require("people.manage")
    is_csv = ending == "csv"
    content = (
        files.template_csv()
        if is_csv
        else files.template_xlsx(posts_for_template(page_session(), page_actor()))
    )
    return download(content, f"people.{ending}")


def _uploaded() -> list[ImportRow]:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise InvalidInput(N_("请先选择文件。"))
    return files.read_rows(upload.stream.read(files.LARGEST_BYTES + 1), upload.filename)


def _page(error: TongchouError | None = None) -> ResponseReturnValue:
    page = render_template(
        "people/import.html",
        check=None,
        problem=error.message if error else "",
        columns=files.COLUMNS,
        required=files.REQUIRED,
        most=files.MOST_ROWS,
    )
    return page, error.status if error else 200


def _show(check: ImportCheck, sealed: str, error: TongchouError | None = None) -> ResponseReturnValue:
    in_order = sorted(check.rows, key=lambda each: each.effect != "error")
    page = render_template(
        "people/import.html",
        check=check,
        shown=in_order[:MOST_SHOWN],
        sealed=sealed,
        problem=error.message if error else "",
        columns=files.COLUMNS,
        required=files.REQUIRED,
        most=files.MOST_ROWS,
    )
    return page, 200 if check.is_clean and error is None else 422


def _sealed(rows: list[ImportRow]) -> str:
    return _seal().dumps([page_actor().user_id, [list(asdict(row).values()) for row in rows]])


def _unsealed(text: str) -> list[ImportRow]:
    try:
        owner, rows = _seal().loads(text, max_age=KEPT_SECONDS)
    except BadSignature as error:
        raise InvalidInput(N_("核对结果已失效，请重新上传文件。")) from error
    if owner != page_actor().user_id:
        raise InvalidInput(N_("核对结果已失效，请重新上传文件。"))
    return [ImportRow(*row) for row in rows]


def _seal() -> URLSafeTimedSerializer:
    key: Any = current_app.secret_key
    return URLSafeTimedSerializer(key, salt="people.import")


def _passwords(result: ImportResult) -> str:
    """The list of first passwords as an address of data, so that it is stored nowhere on the server."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow([_("姓名"), _("登录名"), _("单位"), _("临时密码")])
    lines.writerows([each.name, each.username, each.unit, each.temporary_password] for each in result.people)
    content = base64.b64encode(("\ufeff" + text.getvalue()).encode()).decode()
    return f"data:text/csv;charset=utf-8;base64,{content}"
