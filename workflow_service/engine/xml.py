"""Reads XML from outside safely: no entities, no DTD, no network, bounded size; errors name the line."""

from __future__ import annotations

from typing import Any

from lxml import etree

from workflow_service.domain.errors import InvalidInput, TooLarge
from workflow_service.i18n import N_, Term, _

MAX_BYTES = 5 * 1024 * 1024

_TRUNCATED = {
    etree.ErrorTypes.ERR_TAG_NOT_FINISHED,
    etree.ErrorTypes.ERR_ATTRIBUTE_NOT_FINISHED,
    etree.ErrorTypes.ERR_GT_REQUIRED,
    etree.ErrorTypes.ERR_LTSLASH_REQUIRED,
}
_REASONS = {
    etree.ErrorTypes.ERR_DOCUMENT_END: N_("文件结束后还有多余的内容"),
    etree.ErrorTypes.ERR_DOCUMENT_EMPTY: N_("内容不是 XML"),
    etree.ErrorTypes.ERR_TAG_NAME_MISMATCH: N_("开始标签与结束标签不配对"),
    etree.ErrorTypes.ERR_ATTRIBUTE_REDEFINED: N_("同一标签里有重复的属性"),
    etree.ErrorTypes.ERR_UNDECLARED_ENTITY: N_("引用了未定义的实体"),
    etree.ErrorTypes.ERR_INVALID_CHAR: N_("含有不允许的字符"),
    etree.ErrorTypes.ERR_INVALID_ENCODING: N_("文字编码与声明不符"),
    etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING: N_("不支持所声明的文字编码"),
    etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE: N_("用了没有声明的命名空间前缀"),
    etree.ErrorTypes.ERR_NAME_TOO_LONG: N_("名称过长"),
}


class NotReadable(InvalidInput):
    """The file is not XML that can be read; `line` counts from 1, 0 when there is no place to point at."""

    code = "xml_not_readable"
    text = N_("文件第 %(line)s 行无法读取：%(reason)s。")

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(line=line, reason=Term(reason))
        self.line, self._reason = line, reason

    @property
    def reason(self) -> str:
        """Say why, in the current language."""
        return _(self._reason)

    @property
    def message(self) -> str:
        """Give line and reason in the current language."""
        return _(self.text, line=self.line, reason=self.reason)


class FileTooLarge(TooLarge):
    """The file exceeds 5 MB."""

    code = "definition_too_large"
    text = N_("文件超过 %(limit)s MB。")


def parse_xml(data: bytes) -> Any:
    """Parse `data` and give the root element, without comments and processing instructions.

    Raises NotReadable (no XML, truncated, with a DTD) and FileTooLarge.
    """
    if len(data) > MAX_BYTES:
        raise FileTooLarge(limit=MAX_BYTES // 1024 // 1024)
    if not data.strip():
        raise NotReadable(N_("文件是空的"), 1)
    _refuse_doctype(data)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise NotReadable(_reason(error), error.lineno or 1) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise NotReadable(N_("不接受文档类型声明（DTD）"), 1)
    return root


def _refuse_doctype(data: bytes) -> None:
    """Refuse a DTD before it is parsed; dropping zero bytes lets one search serve UTF-16 as well."""
    position = data.replace(b"\x00", b"").find(b"<!DOCTYPE")
    if position >= 0:
        raise NotReadable(N_("不接受文档类型声明（DTD）"), data[:position].count(b"\n") + 1)


def _reason(error: etree.XMLSyntaxError) -> str:
    if error.code in _TRUNCATED:
        return N_("文件不完整，可能被截断")
    return _REASONS.get(error.code, N_("XML 写法有误"))
