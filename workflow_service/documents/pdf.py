"""A document as pdf, through WeasyPrint where its libraries are installed; docx is the official output.

The fonts of official documents are rarely on a server. A pdf that had to use others says so at its end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

from workflow_service.documents import model
from workflow_service.documents.html import body_html
from workflow_service.documents.model import clean, mark_size, title_margin
from workflow_service.domain.errors import Unavailable
from workflow_service.i18n import N_

PDF = "application/pdf"
OFFICIAL_FONTS = ("FangSong_GB2312", "SimHei", "KaiTi_GB2312", "SimSun", "FZXiaoBiaoSong")

_STYLE = """
@page { size: A4; margin: 37mm 26mm 35mm 28mm }
@page :right {
  @bottom-right { content: "— " counter(page) " —"; font: 14pt SimSun, 宋体, serif; padding-right: 14pt }
}
@page :left {
  @bottom-left { content: "— " counter(page) " —"; font: 14pt SimSun, 宋体, serif; padding-left: 14pt }
}
body { font: 16pt/28.99pt 仿宋_GB2312, FangSong_GB2312, FangSong, "Noto Serif CJK SC", "Noto Sans CJK SC", serif;
       margin: 0 }
p, h1, h2, h3, h4, h5 { margin: 0; font-size: 16pt; font-weight: normal; text-align: justify }
p, h2, h3, h4, h5 { text-indent: 2em }
h2, h3, h4, h5 { break-after: avoid }
h2 { font-family: 黑体, SimHei, "Noto Sans CJK SC", sans-serif }
h3 { font-family: 楷体_GB2312, KaiTi_GB2312, KaiTi, "Noto Serif CJK SC", "Noto Sans CJK SC", serif }
h1 { font: 22pt/34pt 方正小标宋简体, FZXiaoBiaoSong-B05S, SimSun, "Noto Serif CJK SC", "Noto Sans CJK SC", serif;
     text-align: center; margin: 28.99pt 0 }
.flush, .number, .mark, .sides, .cut, footer p { text-indent: 0 }
.mark { font: 42pt/1.2 方正小标宋简体, FZXiaoBiaoSong-B05S, SimSun, "Noto Serif CJK SC", "Noto Sans CJK SC", serif;
        color: #e60000; text-align: center }
.number { text-align: center; margin-top: 28.99pt }
header { border-bottom: 2.25pt solid #e60000; padding-bottom: 4pt }
header .sides { margin-top: 14pt }
.sides, footer p { display: flex; justify-content: space-between }
table { border-collapse: collapse; width: 100%; font-size: 12pt; line-height: 1.4; table-layout: fixed; margin: 6pt 0 }
td, th { border: .5pt solid; padding: 2pt 4pt; overflow-wrap: anywhere }
th { font-weight: normal; text-align: center; font-family: 黑体, SimHei, "Noto Sans CJK SC", sans-serif }
tr { break-inside: avoid }
.left { text-align: left } .center { text-align: center } .right { text-align: right }
figure { margin: 8pt 0; break-inside: avoid } figcaption { text-align: center; font-size: 12pt; line-height: 1.6 }
.signature { text-align: right; text-indent: 0; padding-right: 4em; margin-top: 57.98pt;
             break-inside: avoid; break-before: avoid }
.cut { break-after: avoid; border-top: .75pt dashed; text-align: center; margin-top: 28.99pt }
footer { border-top: 1pt solid; border-bottom: 1pt solid; margin-top: 28.99pt; break-inside: avoid }
footer p { font-size: 14pt; padding: 0 1em } footer p + p { border-top: .75pt solid }
.fonts { font-size: 9pt; line-height: 1.4; color: #555; text-indent: 0; margin-top: 12pt }
.one-page { line-height: 24pt } .one-page h1 { line-height: 32pt; margin: 10pt 0 }
.one-page .number { margin-top: 6pt } .one-page footer { margin-top: 14pt }
.one-page header .sides { margin-top: 0 } .one-page .fonts { position: fixed; bottom: -12mm; left: 0 }
"""


class PdfUnavailable(Unavailable):
    """The libraries that make a pdf are not installed on this machine."""

    code = "pdf_unavailable"
    text = N_(
        "本机未安装生成 PDF 所需的组件（Pango），请下载 Word 文件，或请管理员安装 libpango-1.0-0 等软件包。"
    )


@dataclass(frozen=True)
class Pdf:
    """A pdf and the fonts in it; ``substituted`` if one of them is none of the official ones."""

    content: bytes
    fonts: tuple[str, ...]

    @property
    def substituted(self) -> bool:
        """Whether other fonts than the official ones were used."""
        return any(not font.startswith(OFFICIAL_FONTS) for font in self.fonts)


def pdf_available() -> bool:
    """Whether this machine can make a pdf."""
    return _weasyprint() is not None


def write_pdf(document: model.Document) -> Pdf:
    """The document as pdf; raises :class:`PdfUnavailable`."""
    pdf = _render(document, note="")
    if pdf.substituted:
        names = "、".join(pdf.fonts)
        return _render(document, note=f"本文件供阅览，所用字体为 {names}；正式文本以 Word 文件为准。")
    return pdf


def paper(title: str, style: str, body: str) -> Pdf:
    """A page of its own style (html, everything in it escaped) as pdf; raises :class:`PdfUnavailable`."""
    head = f'<!doctype html><html lang="zh-CN"><title>{escape(clean(title))}</title><style>{style}</style>'
    pdf = _made(f"{head}<body>{body}</body></html>")
    if not pdf.substituted:
        return pdf
    note = f'<p class="fonts">所用字体：{escape("、".join(pdf.fonts))}</p>'
    return _made(f"{head}<body>{body}{note}</body></html>")


def _render(document: model.Document, note: str) -> Pdf:
    return _made(_page(document, note))


def _made(text: str) -> Pdf:
    weasyprint = _weasyprint()
    if weasyprint is None:
        raise PdfUnavailable()
    page = weasyprint.HTML(string=text, url_fetcher=_no_fetching)
    pages = page.render(presentational_hints=True)
    return Pdf(pages.write_pdf(), _fonts_in(pages.write_pdf(uncompressed_pdf=True)))


def _page(document: model.Document, note: str) -> str:
    shown = f'<p class="fonts">{escape(note)}</p>' if note else ""
    close = ' class="one-page"' if document.one_page else ""
    mark = mark_size(document.head.mark, document.head.letters)
    sized = f".mark {{ font-size: {mark}pt }} h1 {{ padding: 0 {title_margin(document.title):.1f}mm }}"
    return (
        f'<!doctype html><html lang="zh-CN"><title>{escape(clean(document.title))}</title>'
        f"<style>{_STYLE} {sized}</style>"
        f"<body{close}>{body_html(document)}{shown}</body></html>"
    )


def _no_fetching(url: str, **_: Any) -> Any:
    """A document holds everything that it shows: nothing is fetched, whatever a text may contain."""
    raise ValueError(url)


def _fonts_in(content: bytes) -> tuple[str, ...]:
    names = re.findall(rb"/BaseFont\s*/(?:[A-Z]{6}\+)?([A-Za-z0-9_#-]+)", content)
    return tuple(sorted({name.decode("ascii") for name in names}))


@cache
def _weasyprint() -> Any:
    try:
        import weasyprint
    except OSError:  # Pango is missing
        return None
    return weasyprint
