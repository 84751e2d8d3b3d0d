"""Constructed papers of demos: small, valid files with one page each, so that there is something to open and to hand in.

Written by hand rather than with a library, because a province hands in a thousand of them.
"""

import zipfile
from collections.abc import Callable, Iterable
from io import BytesIO
from xml.sax.saxutils import escape

from workflow_service.domain.plans import COMMON_ITEMS, DossierItem
from workflow_service.store.plans import Plan

CONSTRUCTED = "（演示用构造文件）"
AS_PDF = frozenset({DossierItem.CATALOGUE_APPROVAL, DossierItem.ENVIRONMENTAL_CONFIRMATION, DossierItem.WATER_CONFIRMATION})
"""What comes from other offices, and so as a file that nobody edits."""
SAYS = {
    DossierItem.CATALOGUE_APPROVAL: "本规划已列入规划编制目录清单，同意编制。",
    DossierItem.DRAFT_FOR_REVIEW: "一、发展基础　二、总体要求　三、主要任务　四、重大项目　五、保障措施",
    DossierItem.DRAFTING_NOTES: "起草过程、主要内容、征求意见和采纳情况说明如下。",
    DossierItem.EXPERT_REPORT: "专家组认为：规划目标合理，任务可行，同意通过论证。",
    DossierItem.COORDINATION_OPINIONS: "经衔接，与上级规划、空间规划和同级规划一致；意见均已采纳。",
    DossierItem.ENVIRONMENTAL_CONFIRMATION: "经审查，同意规划环境影响评价结论。",
    DossierItem.WATER_CONFIRMATION: "经审查，同意规划水资源论证结论。",
    DossierItem.CONSULTATION_RECORD: "公开征求意见三十日，收到的意见已逐条研究。",
    DossierItem.LEGALITY_REVIEW: "经审查，未发现与法律法规相抵触的内容。",
    DossierItem.COLLECTIVE_DISCUSSION: "经集体讨论，同意上报。",
    DossierItem.PARTY_PROPOSAL: "坚持系统观念，提出规划目标和重点任务建议。",
    DossierItem.UPPER_COORDINATION: "经衔接，与上级发展规划一致，原则同意。",
}
DRAFT, EXPERTS = DossierItem.DRAFT_FOR_REVIEW.value, DossierItem.EXPERT_REPORT.value
COMMITTEE = "committee"
"""No item of a dossier: what a committee of the people's congress sends back."""
_CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)
_DOCUMENT = (
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}'
    '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/></w:sectPr></w:body></w:document>'
)
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def usual_items(plan: Plan) -> list[str]:
    """Give the items that the delivered table asks for (docs/domain.md §2.2)."""
    items = list(COMMON_ITEMS)
    items += [DossierItem.ENVIRONMENTAL_CONFIRMATION] * plan.environmental_review
    items += [DossierItem.WATER_CONFIRMATION] * plan.water_review
    if plan.route == "people_congress":
        items += [DossierItem.UPPER_COORDINATION, *[DossierItem.PARTY_PROPOSAL] * (plan.level != "town")]
    return [item.value for item in items]


def paper(plan_title: str, item: str) -> tuple[str, bytes]:
    """Give the name and content of a plan's paper for a dossier item, or of the committee's."""
    if item == COMMITTEE:
        return "专门委员会审查意见.pdf", pdf((plan_title, "专门委员会审查意见", "经审查，建议批准。", CONSTRUCTED))
    kind = DossierItem(item)
    lines = (plan_title, kind.word, SAYS[kind], CONSTRUCTED)
    ending, write = _KINDS[kind in AS_PDF]
    return f"{kind.word}.{ending}", write(lines)


def minutes(title: str) -> tuple[str, bytes]:
    """Give the name and content of a meeting's minutes."""
    return "会议纪要.pdf", pdf((title, "会议纪要", "会议审议了议程所列规划，结果如录入所示。", CONSTRUCTED))


def docx(lines: Iterable[str]) -> bytes:
    """A Word file with one paragraph a line."""
    text = "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in lines)
    parts = {
        "[Content_Types].xml": _CONTENT_TYPES, "_rels/.rels": _RELATIONS, "word/document.xml": _DOCUMENT.format(text),
    }  # fmt: skip
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), _HEAD + content)
    return out.getvalue()


def pdf(lines: Iterable[str]) -> bytes:
    """A PDF of one page in a Chinese font of the reader's machine."""
    shown = " ".join(f"<{line.encode('utf-16-be').hex()}> Tj T*" for line in lines)
    page = f"BT /F1 14 Tf 28 TL 72 740 Td {shown} ET".encode()
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(page), page),
        b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[6 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/FontDescriptor 7 0 R/DW 1000"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>>>",
        b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 4/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880"
        b"/Descent -120/CapHeight 880/StemV 93>>",
    )
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size, start = len(objects) + 1, len(out)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        size, table, size, start,
    )  # fmt: skip


_KINDS: dict[bool, tuple[str, Callable[[Iterable[str]], bytes]]] = {False: ("docx", docx), True: ("pdf", pdf)}
