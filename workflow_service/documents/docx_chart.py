"""A bar chart in a docx as DrawingML: drawn by the reader's program from the values in the file, in the fonts that it names."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml

from workflow_service.documents.charts import COLOURS
from workflow_service.documents.model import TEXT_WIDTH, Chart, Series, clean

CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
PLACED = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
EMU_A_MM = 36000
HEIGHT_A_LABEL, LEAST_HEIGHT, COLUMNS_HEIGHT = 9, 45, 75  # millimetres
FONT_SIZE = 1050  # hundredths of a point: 五号


def place_chart(file: Any, paragraph: Any, chart: Chart) -> None:
    """Put a chart into a paragraph of a python-docx document."""
    package = file.part.package
    number = sum(str(part.partname).startswith("/word/charts/") for part in package.iter_parts()) + 1
    part = Part(PackURI(f"/word/charts/chart{number}.xml"), CONTENT_TYPE, chart_xml(chart).encode(), package)
    relation = file.part.relate_to(part, f"{RELATIONS}/chart")
    run = paragraph.add_run()
    run._r.append(parse_xml(_drawing(relation, number, chart)))


def chart_xml(chart: Chart) -> str:
    """The chart part: one bar chart with the values written out, so that no workbook is needed."""
    direction = "bar" if chart.lying else "col"
    order = '<c:orientation val="maxMin"/>' if chart.lying else '<c:orientation val="minMax"/>'
    series = "".join(_series(number, one, chart) for number, one in enumerate(chart.series))
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<c:chartSpace xmlns:c="{CHART}" xmlns:a="{DRAWING}" xmlns:r="{RELATIONS}"><c:roundedCorners val="0"/>'
        '<c:chart><c:autoTitleDeleted val="1"/><c:plotArea><c:layout/>'
        f'<c:barChart><c:barDir val="{direction}"/><c:grouping val="clustered"/><c:varyColors val="0"/>{series}'
        '<c:gapWidth val="60"/><c:axId val="111111111"/><c:axId val="222222222"/></c:barChart>'
        f'<c:catAx><c:axId val="111111111"/><c:scaling>{order}</c:scaling><c:delete val="0"/>'
        f'<c:axPos val="{"l" if chart.lying else "b"}"/><c:numFmt formatCode="General" sourceLinked="0"/>'
        '<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="low"/>'
        '<c:crossAx val="222222222"/><c:crosses val="autoZero"/><c:auto val="0"/><c:lblAlgn val="ctr"/><c:lblOffset val="100"/>'
        '<c:noMultiLvlLbl val="1"/></c:catAx>'
        '<c:valAx><c:axId val="222222222"/><c:scaling><c:orientation val="minMax"/><c:min val="0"/></c:scaling>'
        f'<c:delete val="1"/><c:axPos val="{"b" if chart.lying else "l"}"/><c:numFmt formatCode="General" sourceLinked="0"/>'
        '<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="none"/>'
        '<c:crossAx val="111111111"/><c:crosses val="autoZero"/></c:valAx></c:plotArea>'
        '<c:legend><c:legendPos val="t"/><c:overlay val="0"/></c:legend><c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/>'
        f"</c:chart>{_fonts()}</c:chartSpace>"
    )


def _series(number: int, one: Series, chart: Chart) -> str:
    places = "".join(f'<c:pt idx="{index}"><c:v>{_t(name)}</c:v></c:pt>' for index, name in enumerate(chart.labels))
    values = "".join(
        f'<c:pt idx="{index}"><c:v>{value:g}</c:v></c:pt>' for index, value in enumerate(one.values) if value is not None
    )
    count = f'<c:ptCount val="{len(chart.labels)}"/>'
    return (
        f'<c:ser><c:idx val="{number}"/><c:order val="{number}"/><c:tx><c:v>{_t(one.name)}</c:v></c:tx>'
        f'<c:spPr><a:solidFill><a:srgbClr val="{COLOURS[number]}"/></a:solidFill></c:spPr><c:invertIfNegative val="0"/>'
        '<c:dLbls><c:showLegendKey val="0"/><c:showVal val="1"/><c:showCatName val="0"/><c:showSerName val="0"/>'
        '<c:showPercent val="0"/><c:showBubbleSize val="0"/></c:dLbls>'
        f"<c:cat><c:strLit>{count}{places}</c:strLit></c:cat>"
        f"<c:val><c:numLit><c:formatCode>General</c:formatCode>{count}{values}</c:numLit></c:val></c:ser>"
    )


def _fonts() -> str:
    face = '<a:latin typeface="仿宋_GB2312"/><a:ea typeface="仿宋_GB2312"/>'
    return (
        f'<c:txPr><a:bodyPr/><a:lstStyle/><a:p><a:pPr><a:defRPr sz="{FONT_SIZE}">{face}</a:defRPr></a:pPr>'
        '<a:endParaRPr lang="zh-CN"/></a:p></c:txPr>'
    )


def _drawing(relation: str, number: int, chart: Chart) -> str:
    millimetres = max(LEAST_HEIGHT, HEIGHT_A_LABEL * len(chart.labels) + 15) if chart.lying else COLUMNS_HEIGHT
    width, height = TEXT_WIDTH * EMU_A_MM, millimetres * EMU_A_MM
    return (
        f'<w:drawing xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        f'<wp:inline xmlns:wp="{PLACED}" distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{width}" cy="{height}"/>'
        f'<wp:docPr id="{900 + number}" name="图{number}" descr="{_t(chart.title)}"/><wp:cNvGraphicFramePr/>'
        f'<a:graphic xmlns:a="{DRAWING}"><a:graphicData uri="{CHART}">'
        f'<c:chart xmlns:c="{CHART}" xmlns:r="{RELATIONS}" r:id="{relation}"/></a:graphicData></a:graphic>'
        "</wp:inline></w:drawing>"
    )


def _t(text: str) -> str:
    return escape(clean(text), {'"': "&quot;"})
