"""The delivered templates as docx: the layout that the service writes by itself, with fields in place of values.

An official who wants something else downloads one, edits it in Word and uploads it.
"""

from __future__ import annotations

from datetime import datetime

from workflow_service.documents.bulletin import TREND_TITLE, UNITS_TITLE
from workflow_service.documents.docx import write_docx
from workflow_service.documents.model import (
    Align,
    Block,
    Column,
    CutLine,
    Document,
    FootLine,
    Head,
    Heading,
    Outline,
    Paragraph,
    Signature,
    Table,
)
from workflow_service.documents.template_fields import BULLETIN, CIRCULAR, REPORT, SLIP, WEEKLY

ORGAN_LETTERS = 13
"""As many as a mark with an organ's name usually has: 浙江省发展和改革委员会文件."""
_FIGURES = (("目录数", 4, "total"), ("已印发", 4, "issued"), ("完成率", 5, "rate"), ("逾期", 4, "overdue"))


def built_in(kind: str, written_at: datetime) -> bytes:
    """The delivered template of a kind as the bytes of a docx."""
    return write_docx(_BUILD[kind](written_at))


def _bulletin(written_at: datetime) -> Document:
    foot = (
        FootLine("报", "{{ report_to }}"), *_foot_if("送", "send_to"), *_foot_if("发", "distribute_to"),
        FootLine("", "{{ organ }}", "{{ date }}印发"),
    )  # fmt: skip
    head = Head("{{ mark }}", centre="{{ number }}", left="{{ organ }}", right="{{ date }}")
    return Document(head, "{{ title }}", written_at, blocks=_bulletin_text(), foot=foot)


def _circular(written_at: datetime) -> Document:
    foot = (*_foot_if("抄送", "copies"), FootLine("", "{{ organ }}", "{{ date }}印发"))
    return Document(
        Head("{{ mark }}", centre="{{ number }}", letters=ORGAN_LETTERS), "{{ title }}", written_at,
        addressee="{{ addressee }}：",
        blocks=(Paragraph("{{ opening }}"), *_bulletin_text()), foot=foot,
    )  # fmt: skip


def _bulletin_text() -> tuple[Block, ...]:
    outline = Outline()
    outline.heading(1, "总体进展")
    outline.text("{{ summary }}")
    outline.add(_table("groups", (("类别", 12, "label"), *_FIGURES)), *_chart("trend_chart", TREND_TITLE))
    outline.add(*_each("remarks", Paragraph("{{ line.text }}")))
    outline.heading(1, "各单位进展排名")
    ranked = (("位次", 3, "place"), ("牵头单位", 12, "unit"), *_FIGURES)
    outline.add(*_or_none("units", _table("units", ranked), "本期无单位排名。"))
    outline.add(*_chart("units_chart", UNITS_TITLE))
    outline.heading(1, "本期印发的规划")
    issued = (("规划名称", 14, "title"), ("牵头单位", 7, "unit"), ("印发日期", 8, "day"), ("文号", 8, "number"))
    outline.add(*_or_none("issued", _table("issued", issued), "本期没有印发规划。"))
    outline.heading(1, "逾期未印发的规划")
    late = (("规划名称", 13, "title"), ("牵头单位", 7, "unit"), ("所处环节", 5, "stage"), ("应完成日期", 8, "due"),
            ("逾期（工作日）", 4, "days"))  # fmt: skip
    outline.add(*_or_none("overdue", _table("overdue", late), "没有逾期未印发的规划。"))
    outline.add(Paragraph("{%p if overdue_cut %}"), Paragraph("{{ overdue_cut }}"), Paragraph("{%p endif %}"))
    outline.add(*_followed(), *_asks(), Signature("{{ organ }}", "{{ date }}"))
    return tuple(outline.blocks)


def _followed() -> tuple[Block, ...]:
    asks = (("单位", 7, "unit"), ("上期要求", 12, "what"), ("期限", 7, "until"), ("落实情况", 10, "outcome"))
    plans = (("上期逾期规划", 14, "title"), ("牵头单位", 7, "unit"), ("当时逾期（工作日）", 5, "days"),
             ("本期情况", 10, "outcome"))  # fmt: skip
    return (
        Paragraph("{%p if followed_summary %}"), Heading(1, "五、上期要求落实情况"), Paragraph("{{ followed_summary }}"),
        Paragraph("{%p if followed_asks %}"), _table("followed_asks", asks), Paragraph("{%p endif %}"),
        Paragraph("{%p if followed_plans %}"), _table("followed_plans", plans), Paragraph("{%p endif %}"),
        Paragraph("{%p endif %}"),
    )  # fmt: skip


def _asks() -> tuple[Block, ...]:
    return (
        Paragraph("{%p if asks %}"), Heading(1, "{% if followed_summary %}六{% else %}五{% endif %}、下一步要求"),
        *_each("asks", Paragraph("请{{ line.unit }}于{{ line.until }}前{{ line.what }}。")), Paragraph("{%p endif %}"),
    )  # fmt: skip


def _weekly(written_at: datetime) -> Document:
    outline = Outline()
    outline.heading(1, "总体情况")
    outline.text("{{ summary }}")
    outline.heading(1, "各规划进展")
    columns = (("规划名称", 9, "title"), ("牵头单位", 6, "unit"), ("环节", 4, "stage"), ("时限", 5, "due"),
               ("本周进展", 9, "progress"), ("存在问题", 7, "problems"), ("下周安排", 7, "next_steps"))  # fmt: skip
    outline.add(*_or_none("plans", _table("plans", columns), "本周没有在编规划。"))
    outline.heading(1, "未按时报送的单位")
    outline.text("{{ late }}")
    outline.add(Signature("{{ organ }}", "{{ date }}"))
    head = Head("{{ mark }}", left="{{ organ }}", right="{{ date }}")
    return Document(head, "{{ title }}\n（{{ period }}）", written_at, blocks=tuple(outline.blocks))


def _slip(written_at: datetime) -> Document:
    outline = Outline()
    outline.heading(1, "基本情况")
    outline.text("{{ facts }}")
    outline.heading(1, "有关要求")
    outline.text("{{ asked }}\n请于{{ until }}前办理完毕{{ answer }}。")
    outline.add(Signature("{{ organ }}", "{{ date }}"), *_answer_slip())
    foot = (*_foot_if("抄送", "copies"), FootLine("", "{{ organ }}", "{{ date }}印发"))
    return Document(
        Head("{{ mark }}", centre="{{ number }}", letters=ORGAN_LETTERS), "{{ title }}", written_at,
        addressee="{{ unit }}：", blocks=tuple(outline.blocks), foot=foot,
    )  # fmt: skip


def _answer_slip() -> tuple[Block, ...]:
    return (
        Paragraph("{%p if answer %}"), CutLine("回　执"), Paragraph("{{ organ }}：", flush=True),
        Paragraph("{{ number }}抄告单收悉。办理情况如下："), *[Paragraph("", flush=True)] * 3,
        Paragraph("单位（盖章）：　　　　经办：　　　　年　月　日"), Paragraph("{%p endif %}"),
    )  # fmt: skip


def _report(written_at: datetime) -> Document:
    parts = (
        Paragraph("{%p for line in parts %}"),
        Paragraph("{%p if line.heading %}"), Heading(1, "{{ line.heading }}"), Paragraph("{%p endif %}"),
        Paragraph("{%p if line.text %}"), Paragraph("{{ line.text }}"), Paragraph("{%p endif %}"),
        Paragraph("{%p endfor %}"),
    )  # fmt: skip
    head = Head("{{ mark }}", centre="{{ number }}", left="{{ organ }}", right="{{ date }}")
    return Document(head, "{{ title }}", written_at, blocks=parts, foot=(FootLine("报", "{{ readers }}"),), one_page=True)


def _table(source: str, columns: tuple[tuple[str, int, str], ...]) -> Table:
    """A table whose one row is repeated for each entry of a list."""
    empty = ("",) * (len(columns) - 1)
    numbers = {"total", "issued", "rate", "overdue", "days"}
    heads = tuple(Column(head, width, Align.RIGHT if key in numbers else Align.LEFT) for head, width, key in columns)
    row = tuple(f"{{{{ line.{key} }}}}" for _head, _width, key in columns)
    return Table(heads, ((f"{{%tr for line in {source} %}}", *empty), row, ("{%tr endfor %}", *empty)))


def _each(source: str, paragraph: Paragraph) -> tuple[Paragraph, ...]:
    return Paragraph(f"{{%p for line in {source} %}}"), paragraph, Paragraph("{%p endfor %}")


def _or_none(source: str, table: Table, none: str) -> tuple[Block, ...]:
    return (
        Paragraph(f"{{%p if {source} %}}"), table, Paragraph("{%p else %}"), Paragraph(none), Paragraph("{%p endif %}"),
    )  # fmt: skip


def _chart(name: str, title: str) -> tuple[Paragraph, ...]:
    return (
        Paragraph(f"{{%p if {name} %}}"), Paragraph(f"{{{{ {name} }}}}", flush=True), Paragraph(title),
        Paragraph("{%p endif %}"),
    )  # fmt: skip


def _foot_if(label: str, name: str) -> tuple[FootLine, ...]:
    """A line of the foot that is left out where nobody is named."""
    return FootLine("", f"{{%p if {name} %}}"), FootLine(label, f"{{{{ {name} }}}}"), FootLine("", "{%p endif %}")


_BUILD = {BULLETIN: _bulletin, CIRCULAR: _circular, WEEKLY: _weekly, SLIP: _slip, REPORT: _report}
