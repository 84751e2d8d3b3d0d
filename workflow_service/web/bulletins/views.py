"""Bulletins of the reader's areas; drafts for supervisors only."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from workflow_service.documents import bulletin as papers
from workflow_service.documents.charts import chart_svg
from workflow_service.documents.model import Chart
from workflow_service.domain.errors import Forbidden
from workflow_service.domain.supervision import Figures
from workflow_service.i18n import _
from workflow_service.identity import policy
from workflow_service.services import bulletin_numbers, bulletin_scope, bulletins, circulations
from workflow_service.store import circulation_list, notice_list, people_queries

from .. import cursors
from ..current import page_actor, page_session, require_sign_in
from ..downloads import download
from ..listing import PAGE_ROWS, address
from ..rights import allowed

blueprint = Blueprint("bulletins", __name__, url_prefix="/bulletins", template_folder="templates")
blueprint.before_request(require_sign_in)

@dataclass(frozen=True)
class Receipt:
    """A bulletin's receipts: the circulation, how many units signed, and of how many."""

    id: int
    read: int
    all: int


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Every bulletin, the newest first."""
    after = cursors.decode(cursors.number)
    found = notice_list.bulletins(
        page_session(), policy.visible_areas(page_actor()), drafts=allowed("bulletin.release"),
        after=after[0] if after else None, limit=PAGE_ROWS + 1,
    )  # fmt: skip
    rows = found[:PAGE_ROWS]
    following = address(after=cursors.encode(rows[-1].id)) if len(found) > PAGE_ROWS else ""
    places = people_queries.area_names(page_session(), {one.area for one in rows})
    return render_template(
        "bulletins/index.html", bulletins=rows, places=places, next_address=following,
        scopes={one.id: bulletin_scope.name_of(one) for one in rows},
        documents={one.id: bulletin_numbers.number_of(one) for one in rows if one.document_prefix},
    )  # fmt: skip


@blueprint.get("/<int:bulletin_id>")
def show(bulletin_id: int) -> ResponseReturnValue:
    """One bulletin as it is sent out."""
    bulletin = bulletins.visible_bulletin(page_session(), page_actor(), bulletin_id)
    paper = bulletins.as_paper(page_session(), bulletin)
    trend, units = papers.trend_chart(paper), papers.units_chart(paper)
    return render_template(
        "bulletins/show.html", bulletin=bulletin, paper=paper, rate=_rate,
        groups=[("合计", paper.comparison.now), *((line.label, line.figures) for line in paper.groups)],
        charts={"trend": _drawn(trend), "units": _drawn(units)},
        titles={"trend": papers.TREND_TITLE, "units": papers.UNITS_TITLE},
        followed_summary=papers.followed_summary(paper.followed) if paper.followed else "",
        overdue_cut=papers.overdue_cut(paper),
        scope=bulletin_scope.name_of(bulletin), former=(bulletin.followed or {}).get("former"),
        summary=bulletins.summary_of(bulletin), receipt=_receipt(bulletin_id),
    )  # fmt: skip


def _drawn(chart: Chart | None) -> Markup | None:
    """The chart as SVG, whose texts are escaped where it is drawn."""
    return Markup(chart_svg(chart)) if chart else None


def _rate(figures: Figures) -> str:
    return "—" if figures.rate is None else f"{figures.rate}%"


def _receipt(bulletin_id: int) -> Receipt | None:
    """The circulation by which units sign for it, for those who may see that, and how many have."""
    for one in circulation_list.of_link(page_session(), url_for("bulletins.show", bulletin_id=bulletin_id)):
        with suppress(Forbidden):
            found, readers = circulations.readable(page_session(), page_actor(), one.id)
            return Receipt(found.id, sum(reader.read_at is not None for reader in readers), len(readers))
    return None


@blueprint.get("/<int:bulletin_id>.<any(docx, pdf):ending>")
def export(bulletin_id: int, ending: str) -> Response:
    """One bulletin as an official document."""
    session, actor = page_session(), page_actor()
    bulletin = bulletins.visible_bulletin(session, actor, bulletin_id)
    if ending == "docx":
        content = bulletins.bulletin_docx(session, actor, bulletin_id)
    else:
        content = bulletins.bulletin_pdf(session, actor, bulletin_id).content
    name = "-".join(filter(None, (_("历期通报"), bulletin.period, bulletin_scope.name_of(bulletin))))
    return download(content, f"{name}.{ending}")
