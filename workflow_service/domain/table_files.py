"""Text files as offices keep tables in them: written by WPS or Excel in UTF-8, with or without its mark, or in a Chinese code."""

from .errors import InvalidInput
from .words import N_

ENCODINGS = ("utf-8-sig", "gb18030")


def decoded(content: bytes) -> str:
    """Give a text file's text; raises InvalidInput where it is in none of these encodings."""
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidInput(N_("无法识别文件的编码，请用 WPS 或 Excel 另存为 CSV。"))
