"""Draws small BPMN files for the tests: nodes as XML, flows as `"start -> check"` lines, shapes by themselves."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from workflow_service.engine.dialect import FLOW_NODES

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"'
    ' xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:approval="urn:tongchou:approval:1"'
    ' id="file" name="测试" targetNamespace="urn:test">\n'
)
_FLOW = re.compile(r"(\w+) -> (\w+)(?: \[(.*)\])?(?: as (\w+))?$")


def flow(line: str) -> str:
    """Write one flow; `a -> b [x > 1]` carries a condition, ` as name` its id (else `a_b`)."""
    match = _FLOW.match(line.strip())
    assert match, line
    source, target, condition, key = match.groups()
    inner = (
        f'<conditionExpression xsi:type="tFormalExpression">{escape(condition or "")}</conditionExpression>'
    )
    content = inner if condition else ""
    return f'<sequenceFlow id="{key or f"{source}_{target}"}" sourceRef="{source}" targetRef="{target}">{content}</sequenceFlow>'


def process(nodes: str, *flows: str, key: str = "p", executable: str = "true") -> str:
    """Write one process of nodes (XML, default namespace BPMN) and flows."""
    lines = "\n".join(flow(line) for line in flows)
    return f'<process id="{key}" name={quoteattr(key)} isExecutable="{executable}">\n{nodes}\n{lines}\n</process>\n'


def file(*processes: str, roots: str = "", shapes: bool = True) -> bytes:
    """Write a file of processes and root elements (messages, signals, …), with a shape for each flow node."""
    content = "".join(processes)
    return (HEAD + roots + content + (_shapes(content) if shapes else "") + "</definitions>").encode()


def draw(nodes: str, *flows: str, roots: str = "", shapes: bool = True) -> bytes:
    """Write a file of one process `p`."""
    return file(process(nodes, *flows), roots=roots, shapes=shapes)


def chain(*nodes: str, roots: str = "") -> bytes:
    """Write a process that runs through the nodes one after the other, between a start and an end."""
    keys = ["start", *(re.search(r'id="(\w+)"', node)[1] for node in nodes), "end"]  # type: ignore[index]  # ours
    flows = [f"{a} -> {b}" for a, b in pairwise(keys)]
    return draw('<startEvent id="start"/>' + "".join(nodes) + '<endEvent id="end"/>', *flows, roots=roots)


def _shapes(content: str) -> str:
    found = re.findall(r'<(\w+) [^>]*?\bid="(\w+)"', content)
    drawn = "".join(
        f'<bpmndi:BPMNShape id="{key}_di" bpmnElement="{key}"><dc:Bounds x="{n * 150}" y="100" width="100" height="80"/>'
        "</bpmndi:BPMNShape>"
        for n, (tag, key) in enumerate(found)
        if tag in FLOW_NODES
    )
    plane = f'<bpmndi:BPMNPlane id="plane" bpmnElement="{_plane(content)}">{drawn}</bpmndi:BPMNPlane>'
    return f'<bpmndi:BPMNDiagram id="drawing">{plane}</bpmndi:BPMNDiagram>'


def _plane(content: str) -> str:
    return re.search(r'<process id="(\w+)"', content)[1]  # type: ignore[index]  # every content has a process
