"""What comes after a task, read from its diagram: said before the click, for each choice where the choice decides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from workflow_service.i18n import _

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
APPROVAL = "{urn:tongchou:approval:1}"
STOPS = {"userTask", "callActivity", "receiveTask", "manualTask", "subProcess"}
_LIMIT = 6
_WORKING_DAYS = re.compile(r"(\d+) working days?")


@dataclass(frozen=True)
class Ahead:
    """What the task is about (the diagram's words), what may come next, and what each choice leads to."""

    documentation: str
    anyway: tuple[str, ...]
    by_choice: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def sentence(self) -> str:
        """What may come next, as one line."""
        return _("、").join(self.anyway)

    @property
    def choices(self) -> dict[str, str]:
        """The line for each value of the outcome."""
        return {value: _("、").join(names) for value, names in self.by_choice}


def ahead_of(xml: bytes, process_key: str, element_id: str) -> Ahead:
    """What follows `element_id`; nothing for an element that the diagram does not have."""
    nodes = _nodes(xml, process_key)
    node = nodes.get(element_id)
    if node is None:
        return Ahead("", (), ())
    values = sorted({value for each in nodes.values() for flow in each.flows for value in flow.values(element_id)})
    found = [(value, _names(nodes, element_id, value)) for value in values]
    anyway = _names(nodes, element_id, None)
    return Ahead(node.documentation, anyway, tuple((value, names) for value, names in found if names != anyway))


@dataclass(frozen=True)
class _Flow:
    target: str
    condition: str
    default: bool

    def values(self, element_id: str) -> list[str]:
        """The outcomes of `element_id` that the condition names."""
        found = re.findall(rf"\b{re.escape(element_id)}\.(?:outcome|result)\s*==\s*[\"']([\w-]+)[\"']", self.condition)
        return list(found)


@dataclass(frozen=True)
class _Node:
    kind: str
    name: str
    deadline: str
    documentation: str
    flows: tuple[_Flow, ...]


def _names(nodes: dict[str, _Node], element_id: str, value: str | None) -> tuple[str, ...]:
    """The next stops; with `value`, only those that this outcome can reach."""
    found: list[str] = []
    waiting, seen = [flow.target for flow in nodes[element_id].flows], {element_id}
    while waiting and len(found) < _LIMIT:
        place = waiting.pop(0)
        node = nodes.get(place)
        if node is None or place in seen:
            continue
        seen.add(place)
        if node.kind in STOPS or node.kind == "endEvent":
            found.append(_stop(node))
        else:
            waiting += [flow.target for flow in _taken(node, element_id, value)]
    return tuple(dict.fromkeys(found))


def _taken(node: _Node, element_id: str, value: str | None) -> list[_Flow]:
    deciding = [flow for flow in node.flows if flow.values(element_id)]
    if value is None or node.kind != "exclusiveGateway" or not deciding:
        return list(node.flows)
    fitting = [flow for flow in deciding if value in flow.values(element_id)]
    return fitting or [flow for flow in node.flows if flow not in deciding]


def _stop(node: _Node) -> str:
    if node.kind == "endEvent":
        return node.name or _("流程结束")
    days = _WORKING_DAYS.fullmatch(node.deadline)
    return _("%(name)s（%(days)s 个工作日）", name=node.name, days=days[1]) if days else node.name


@lru_cache(maxsize=256)
def _nodes(xml: bytes, process_key: str) -> dict[str, _Node]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(xml, parser)
    process = next((each for each in root.iter(f"{BPMN}process") if each.get("id") == process_key), None)
    if process is None:
        return {}
    flows: dict[str, list[etree._Element]] = {}
    for flow in process.iter(f"{BPMN}sequenceFlow"):
        flows.setdefault(flow.get("sourceRef", ""), []).append(flow)
    return {each.get("id", ""): _node(each, flows.get(each.get("id", ""), [])) for each in process.iter() if _is_node(each)}


def _is_node(element: etree._Element) -> bool:
    return isinstance(element.tag, str) and element.tag.startswith(BPMN) and element.get("id") is not None


def _node(element: etree._Element, leaving: list[etree._Element]) -> _Node:
    default = element.get("default")
    return _Node(
        kind=element.tag.removeprefix(BPMN),
        name=element.get("name") or element.get("id", ""),
        deadline=element.get(f"{APPROVAL}deadline", ""),
        documentation=(element.findtext(f"{BPMN}documentation") or "").strip(),
        flows=tuple(_flow(each, default) for each in leaving),
    )


def _flow(element: etree._Element, default: str | None) -> _Flow:
    condition = element.findtext(f"{BPMN}conditionExpression") or ""
    return _Flow(element.get("targetRef", ""), condition, element.get("id") == default)
