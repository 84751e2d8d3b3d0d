"""The words of our BPMN dialect, in one place: namespaces, element types, and the attributes that the service reads.

docs/bpmn-support.md lists the same; a test compares the two. `camunda:` attributes keep the name and meaning that
Camunda 7 gives them, so diagrams travel both ways; what it has no word for stands in `approval:`.
"""

from __future__ import annotations

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
APPROVAL = "urn:tongchou:approval:1"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PREFIXES = {BPMN: "bpmn", CAMUNDA: "camunda", APPROVAL: "approval"}

TASKS = frozenset(
    "task manualTask userTask serviceTask sendTask receiveTask scriptTask businessRuleTask".split()  # noqa: SIM905
)
SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES = TASKS | SUB_PROCESSES | {"callActivity"}
GATEWAYS = frozenset(
    {"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"}
)
EVENTS = frozenset(
    {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}
)
FLOW_NODES = ACTIVITIES | GATEWAYS | EVENTS
EVENT_DEFINITIONS = {
    "messageEventDefinition": "message",
    "timerEventDefinition": "timer",
    "signalEventDefinition": "signal",
    "errorEventDefinition": "error",
    "escalationEventDefinition": "escalation",
    "terminateEventDefinition": "terminate",
    "cancelEventDefinition": "cancel",
    "compensateEventDefinition": "compensation",
    "conditionalEventDefinition": "conditional",
    "linkEventDefinition": "link",
}
"""Tag of an event definition → what `EventDefinition.kind` calls it."""

DRAWING = frozenset(
    {
        "laneSet",
        "textAnnotation",
        "association",
        "group",
        "dataObject",
        "dataObjectReference",
        "dataStoreReference",
        "ioSpecification",
        "property",
        "documentation",
        "auditing",
        "monitoring",
        "supportedInterfaceRef",
    }
)
"""What may stand in a process and is not run: it is drawing, or describes data that variables carry."""

ROOT_ELEMENTS = frozenset(
    {
        "process",
        "collaboration",
        "message",
        "signal",
        "error",
        "escalation",
        "category",
        "itemDefinition",
        "dataStore",
        "extension",
        "import",
        "extensionElements",
        "documentation",
        "relationship",
        *EVENT_DEFINITIONS,
    }
)

CAMUNDA_ATTRIBUTES = {
    "assignee": ("userTask",),
    "candidateGroups": ("userTask",),
    "candidateUsers": ("userTask",),
    "collection": ("multiInstanceLoopCharacteristics",),
    "decisionRef": ("businessRuleTask",),
    "dueDate": ("userTask",),
    "elementVariable": ("multiInstanceLoopCharacteristics",),
    "followUpDate": ("userTask",),
    "formKey": ("userTask", "startEvent"),
    "mapDecisionResult": ("businessRuleTask",),
    "priority": ("userTask",),
    "resultVariable": ("businessRuleTask",),
    "topic": ("serviceTask", "sendTask"),
    "type": ("serviceTask", "sendTask"),
}
"""`camunda:` attributes the service reads → the elements they stand on."""

CAMUNDA_ELEMENTS = {
    "in": ("source", "sourceExpression", "target"),
    "out": ("source", "sourceExpression", "target"),
}
"""`camunda:` elements the service reads (in a call activity's extensionElements) → their attributes."""

APPROVAL_ATTRIBUTES = {
    "calledElements": ("callActivity",),
    "coHandlers": ("userTask",),
    "copyTo": ("userTask",),
    "correlationKey": ("message",),
    "deadline": ("userTask", "process"),
    "dissent": ("userTask",),
    "inputs": ("process",),
    "kind": ("userTask",),
    "multiple": ("exclusiveGateway", "userTask", "endEvent"),
    "notBy": ("userTask",),
    "onBehalfOf": ("userTask",),
    "outputCollection": ("multiInstanceLoopCharacteristics", *sorted(ACTIVITIES)),
    "pausesOnReturn": ("userTask",),
    "repeatedApprover": ("process",),
    "resubmit": ("userTask",),
    "returnTargets": ("userTask",),
    "sign": ("userTask",),
    "stage": ("userTask", "callActivity", "subProcess", "serviceTask"),
    "stageDeadline": ("userTask", "callActivity", "subProcess", "serviceTask"),
    "threshold": ("userTask",),
    "timeout": ("userTask",),
    "timeoutAction": ("userTask",),
    "waiting": ("userTask", "receiveTask", "intermediateCatchEvent"),
    "weight": ("userTask",),
}
"""`approval:` attributes the service reads → the elements they stand on."""

TASK_KINDS = ("draft", "check", "opinion", "confirm", "decide", "record", "inform")
DECIDING_KINDS = ("confirm", "decide")
"""Kinds of user tasks that a clock must not complete: somebody has to answer for them."""

RETURN_TARGETS = ("userTask", "callActivity", "subProcess")
"""What a return can go back to."""

RESUBMIT = ("again", "direct", "choose")
SIGN = ("all", "any", "vote")
"""How a multi-instance task counts: all are heard, the first decides, or weights against a threshold."""
DISSENT = ("collect", "return")
CO_HANDLERS = ("wait", "override")
REPEATED_APPROVER = ("never", "consecutive")
TIMEOUT_ACTIONS = ("remind", "escalate", "transfer", "no_comment")
"""What happens when a task's time is over (超时); `no_comment` (逾期视为无意见) only where an opinion is asked."""
STAGES = (
    "registration",
    "research",
    "drafting",
    "consultation",
    "coordination",
    "review",
    "approval",
    "issue",
    "filing",
    "implementation",
    "evaluation",
    "revision",
    "closed",
)
RELATIONS = (
    "lead_unit",
    "drc",
    "drc_above",
    "government_office",
    "government_office_above",
    "party_office",
    "congress_office",
    "ecology",
    "water",
    "natural_resources",
    "inspection_office",
)
"""Reserved units of candidate groups that are computed from the plan."""

POSTS = ("handler", "leader", "registry", "planner", "designer", "supervisor", "admin")
PLAN_FIELDS = (
    "id",
    "title",
    "code",
    "category",
    "level",
    "tier",
    "importance",
    "jurisdiction",
    "lead_unit",
    "environmental_review",
    "water_review",
    "upward_filing",
    "needs_party_review",
    "first_year",
    "last_year",
    "route",
    "review_form",
    "revision",
)
"""What the variable `plan`, which every route starts with, has at least."""


def bpmn(name: str) -> str:
    """Give the full tag of a BPMN element."""
    return f"{{{BPMN}}}{name}"


def camunda(name: str) -> str:
    """Give the full name of a `camunda:` attribute or element."""
    return f"{{{CAMUNDA}}}{name}"


def approval(name: str) -> str:
    """Give the full name of an `approval:` attribute."""
    return f"{{{APPROVAL}}}{name}"
