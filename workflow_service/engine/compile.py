"""From a diagram to the plain bundle that is stored with a definition version and that `Program` builds from.

A process becomes {"name", "elements": {id: {type, name, attrs, …}}, "flows": {id: {source, target, condition}}}. Attributes lose
their prefix: `camunda:formKey` and `approval:kind` become `formKey` and `kind`.
"""

from typing import Any

from .diagram import DataMapping, Diagram, Element, EventDefinition, MultiInstance, Process
from .normalise import normalise
from .read import diagram_of
from .script import unwrap

TIMERS = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}


def compile_diagram(diagram: Diagram) -> dict[str, dict[str, Any]]:
    """Normalise a diagram and give its executable processes in plain form, by key."""
    normal = diagram_of(normalise(diagram))
    return {process.id: compile_process(normal, process) for process in normal.executable}


def compile_process(diagram: Diagram, process: Process) -> dict[str, Any]:
    """Give one (normalised) process in plain form."""
    return {
        "name": process.name or process.id,
        "repeated_approver": process.attributes.get("approval:repeatedApprover") or "never",
        **({"deadline": deadline} if (deadline := process.attributes.get("approval:deadline")) else {}),
        "elements": {key: _element(diagram, element) for key, element in process.elements.items()},
        "flows": {
            key: {"source": flow.source, "target": flow.target, "name": flow.name, "order": order,
                  "condition": unwrap(flow.condition) if flow.condition else None}
            for order, (key, flow) in enumerate(process.flows.items())
        },
    }  # fmt: skip


def called_by(plain: dict[str, Any]) -> set[str]:
    """Name every process that a plain process may call."""
    called: set[str] = set()
    for element in plain["elements"].values():
        if element["type"] == "callActivity":
            called |= set(element["mapping"]["candidates"]) or {element["called"]}
    return called


def decisions_of(plain: dict[str, Any]) -> set[str]:
    """Name every decision table that a plain process asks."""
    return {
        str(element["attrs"]["decisionRef"])
        for element in plain["elements"].values()
        if element["type"] == "businessRuleTask"
    }


def forms_of(plain: dict[str, Any]) -> set[str]:
    """Name every form that a plain process shows."""
    keys = (element.get("attrs", {}).get("formKey") for element in plain["elements"].values())
    return {str(key) for key in keys if key}


def _element(diagram: Diagram, element: Element) -> dict[str, Any]:
    plain: dict[str, Any] = {"type": element.type, "name": element.name, "attrs": _attributes(element)}
    default = next((flow.id for flow in element.outgoing if flow.is_default), None)
    event = _event(diagram, element)
    optional = {
        "parent": element.parent, "default": default, "attached_to": element.attached_to, "event": event,
        "script": element.script, "multi": _multi(element), "lane": element.lane,
    }  # fmt: skip
    plain |= {key: value for key, value in optional.items() if value is not None}
    if element.type == "boundaryEvent":
        plain["interrupting"] = element.interrupting
    if element.type == "callActivity":
        plain |= {"called": element.called, "mapping": _mapping(element)}
    return plain


def _attributes(element: Element) -> dict[str, str]:
    return {name.partition(":")[2]: value for name, value in element.attributes.items()}


def _mapping(element: Element) -> dict[str, Any]:
    candidates = list(element.called_elements) if "${" in (element.called or "") else []
    return {"in": _values(element.inputs), "out": _values(element.outputs), "candidates": candidates}


def _values(mappings: tuple[DataMapping, ...]) -> dict[str, str]:
    return {one.target: unwrap(one.expression) if one.expression else str(one.source) for one in mappings}


def _multi(element: Element) -> dict[str, Any] | None:
    multi: MultiInstance | None = element.multi_instance
    if multi is None:
        return None
    return {
        "collection": unwrap(multi.collection) if multi.collection else None,
        "cardinality": unwrap(multi.cardinality) if multi.cardinality else None,
        "variable": multi.element_variable,
        "output": multi.output_collection or f"{element.id}_results",
        "sequential": multi.sequential,
        "condition": unwrap(multi.completion_condition) if multi.completion_condition else None,
        **_signing(element),
    }


def _signing(element: Element) -> dict[str, Any]:
    """How the answers of several people count: `approval:sign`, `threshold`, `weight`, `dissent`; nothing where none is said."""
    said = {name: element.get(f"approval:{name}") for name in ("sign", "threshold", "weight", "dissent")}
    if not any(said.values()):
        return {}
    weight = said["weight"]
    return {
        "sign": said["sign"] or "all", "threshold": said["threshold"] or "1/2", "weight": unwrap(weight) if weight else None,
        "dissent": said["dissent"] or "collect", "tally": f"{element.id}_tally",
    }  # fmt: skip


def _event(diagram: Diagram, element: Element) -> dict[str, Any] | None:
    if not element.definitions:
        return _message(diagram, element.message)
    definition = element.definitions[0]
    if definition.kind == "timer":
        return {
            "kind": "timer",
            "timer": TIMERS[str(definition.timer)],
            "rule": (definition.value or "").strip(),
        }
    if definition.kind == "message":
        return _message(diagram, definition.ref)
    return _named(diagram, definition)


def _named(diagram: Diagram, definition: EventDefinition) -> dict[str, Any]:
    if definition.kind == "signal":
        return {"kind": "signal", "name": definition.name or diagram.signals.get(definition.ref or "", "")}
    return {"kind": definition.kind, "name": definition.ref or definition.kind, "code": definition.name}


def _message(diagram: Diagram, ref: str | None) -> dict[str, Any] | None:
    message = next((one for one in diagram.messages.values() if ref in (one.id, one.name)), None)
    if message is None:
        return None
    key = unwrap(message.correlation_key) if message.correlation_key else None
    return {"kind": "message", "name": message.name, "correlation": key}
