"""Templates of official documents: checked when they come, filled in without running anything that stands in them.

Only fields, loops over the lists and conditions on fields are known; a filter, a call or an unknown field is refused by name.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from docx.oxml.ns import qn
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from workflow_service.documents.docx_chart import place_chart
from workflow_service.documents.fitting import fit_mark
from workflow_service.documents.model import clean
from workflow_service.documents.template_fields import FIELDS, FILLINGS, Fields, Filling
from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_

LARGEST_BYTES, LARGEST_UNPACKED = 5_000_000, 50_000_000
MOST_NAMED = 10
CHART_MARK = "\ue000{name}\ue000"
LINKED = "hyperlink"
_PLAIN = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Not, nodes.And, nodes.Or, nodes.If, nodes.Const)


class TemplateRefused(InvalidInput):
    """A template cannot be used."""

    code = "template_refused"


def check_template(kind: str, content: bytes) -> None:
    """Refuse what is no docx, what names unknown fields or runs anything, what refers to files elsewhere.

    Raises :class:`TemplateRefused`, which names what is wrong.
    """
    template = _opened(content)
    unknown = sorted(set(_unknown(FIELDS[kind], template)))
    if unknown:
        names = "、".join(unknown[:MOST_NAMED])
        raise TemplateRefused(N_("模板里有不认识的字段或写法：%(names)s。可用的字段见本页。"), names=names)
    for name, part in template.docx.part.rels.items():
        if part.is_external and not part.reltype.endswith(LINKED):
            raise TemplateRefused(N_("模板引用了文件以外的内容（%(name)s），请改为插入到文件中。"), name=name)


def fill_template(kind: str, content: bytes, document: Any) -> bytes:
    """Fill a template with the values of a document of its kind; raises :class:`TemplateRefused`."""
    return _filled(content, FILLINGS[kind](document))


def _filled(content: bytes, filling: Filling) -> bytes:
    template = _opened(content)
    marks = {name: CHART_MARK.format(name=name) if chart else "" for name, chart in filling.charts.items()}
    try:
        template.render(_cleaned(filling.values) | marks, jinja_env=_environment(), autoescape=True)
    except (TemplateError, ValueError) as error:
        raise TemplateRefused(N_("模板无法填写：%(why)s。"), why=str(error)) from error
    _draw_charts(template.docx, filling)
    fit_mark(template.docx, clean(str(filling.values.get("mark", ""))))
    out = BytesIO()
    template.docx.save(out)
    return out.getvalue()


def _draw_charts(file: Any, filling: Filling) -> None:
    """Each paragraph with a chart's mark becomes the chart."""
    by_mark = {CHART_MARK.format(name=name): chart for name, chart in filling.charts.items() if chart}
    for paragraph in list(file.paragraphs):
        for mark, chart in by_mark.items():
            if mark in paragraph.text:
                for run in paragraph.runs:
                    run._r.getparent().remove(run._r)
                place_chart(file, paragraph, chart)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {name: _cleaned(one) for name, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, list) else value


def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True)


def _opened(content: bytes) -> DocxTemplate:
    if len(content) > LARGEST_BYTES:
        raise TemplateRefused(N_("模板超过 %(limit)d MB。"), limit=LARGEST_BYTES // 1_000_000)
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST_UNPACKED:
                raise TemplateRefused(N_("模板解开后过大。"))
        template = DocxTemplate(BytesIO(content))
        template.init_docx()
    except TemplateRefused:
        raise
    except Exception as error:  # a damaged file fails in the reader in many ways
        raise TemplateRefused(N_("这不是 Word 文档（.docx），或文件已损坏。")) from error
    return template


def _unknown(fields: Fields, template: DocxTemplate) -> Iterator[str]:
    for text in _texts(template):
        try:
            parsed = _environment().parse(text)
        except TemplateSyntaxError as error:
            raise TemplateRefused(N_("模板的写法有误：%(why)s。"), why=error.message or "") from error
        yield from _of_nodes(parsed.body, fields, {})


def _texts(template: DocxTemplate) -> Iterator[str]:
    """Body, headers and footers as the filling sees them."""
    yield template.patch_xml(template.get_xml())
    for uri in (template.HEADER_URI, template.FOOTER_URI):
        for _key, part in template.get_headers_footers(uri):
            yield template.patch_xml(template.get_part_xml(part))


def _of_nodes(body: Any, fields: Fields, loops: Mapping[str, str]) -> Iterator[str]:
    for node in body:
        yield from _of_node(node, fields, loops)


def _of_node(node: nodes.Node, fields: Fields, loops: Mapping[str, str]) -> Iterator[str]:
    """What is unknown below a node; `loops` are the names that loops gave, each with its list."""
    if isinstance(node, nodes.For):
        yield from _of_loop(node, fields, loops)
    elif isinstance(node, nodes.Name):
        if not (node.name in fields.texts or node.name in fields.lists or node.name in fields.charts):
            yield node.name
    elif isinstance(node, nodes.Getattr):
        yield from _of_attribute(node, fields, loops)
    elif isinstance(node, _PLAIN):
        yield from _of_nodes(node.iter_child_nodes(), fields, loops)
    else:
        yield type(node).__name__


def _of_loop(node: nodes.For, fields: Fields, loops: Mapping[str, str]) -> Iterator[str]:
    source, target = node.iter, node.target
    if not isinstance(source, nodes.Name) or source.name not in fields.lists:
        yield source.name if isinstance(source, nodes.Name) else type(source).__name__
    elif not isinstance(target, nodes.Name) or node.test or node.recursive:
        yield f"for … in {source.name}"
    else:
        yield from _of_nodes([*node.body, *node.else_], fields, {**loops, target.name: source.name})


def _of_attribute(node: nodes.Getattr, fields: Fields, loops: Mapping[str, str]) -> Iterator[str]:
    owner = node.node.name if isinstance(node.node, nodes.Name) else type(node.node).__name__
    if owner == "loop" and loops and node.attr in ("index", "first", "last"):
        return
    if owner not in loops or node.attr not in fields.lists[loops[owner]][1]:
        yield f"{owner}.{node.attr}"


def text_of(content: bytes) -> str:
    """Every text of a docx, body and tables, a line a paragraph."""
    template = _opened(content)
    return "\n".join("".join(one.itertext(qn("w:t"))) for one in template.docx.element.body.iter(qn("w:p")))
