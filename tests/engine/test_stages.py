"""In which stages an instance is at work: through joins, called processes and events at the edge."""

from __future__ import annotations

import pytest

from tests.engine import xml_drawing
from tests.engine.running import Run

EDGES = '<startEvent id="start"/><endEvent id="end"/>'
FORK = '<parallelGateway id="f"/><parallelGateway id="j"/>'


def task(key: str, stage: str = "") -> str:
    said = f' approval:stage="{stage}"' if stage else ""
    return f'<userTask id="{key}" name="{key}"{said}/>'


def run(nodes: str, *flows: str) -> Run:
    return Run(xml_drawing.draw(EDGES + nodes, *flows))


def at_work(found: Run) -> list[str]:
    return sorted(found.instance.stages_at_work())


def test_one_stage_after_another_needs_no_look() -> None:
    found = run(task("a", "drafting") + task("b", "review"), "start -> a", "a -> b", "b -> end")
    assert not found.instance.program.stages_beside and at_work(found) == []


@pytest.mark.parametrize("second", ["", "review"])
def test_branches_of_which_one_enters_a_stage_of_its_own(second: str) -> None:
    nodes = FORK + task("first", "drafting") + task("a", "consultation") + task("b", second) + task("last")
    flows = ("start -> first", "first -> f", "f -> a", "f -> b", "a -> j", "b -> j", "j -> last", "last -> end")
    found = run(nodes, *flows)
    assert found.instance.program.stages_beside and at_work(found) == ["drafting"]
    found.complete("first")
    assert at_work(found) == sorted(["consultation", second or "drafting"])
    found.complete("a")
    assert at_work(found) == [second or "drafting"], "what waits at the join has no work"
    found.complete("b")
    assert at_work(found) == [second or "consultation"], "behind the join, the later of the two in order"


def test_a_way_that_begins_beside_a_task_is_in_that_tasks_stage_until_it_enters_its_own() -> None:
    nodes = task("first", "drafting") + task("a", "consultation") + task("b") + task("c", "review") + '<endEvent id="over"/>'
    nodes += (
        '<boundaryEvent id="e" attachedToRef="a" cancelActivity="false"><messageEventDefinition messageRef="m"/></boundaryEvent>'
    )
    flows = ("start -> first", "first -> a", "a -> end", "e -> b", "b -> c", "c -> over")
    found = Run(xml_drawing.draw(EDGES + nodes, *flows, roots='<message id="m" name="asked"/>'))
    found.complete("first").send("asked")
    assert found.waiting == ["a", "b"] and at_work(found) == ["consultation"]
    found.complete("b")
    assert at_work(found) == ["consultation", "review"]
    found.complete("a")
    assert at_work(found) == ["review"]


def test_a_frame_that_names_a_stage_gives_it_to_the_tasks_within() -> None:
    inner = '<startEvent id="s"/><userTask id="x" name="x"/><endEvent id="t"/>'
    inner += '<sequenceFlow id="sx" sourceRef="s" targetRef="x"/><sequenceFlow id="xt" sourceRef="x" targetRef="t"/>'
    frame = f'<subProcess id="sub" approval:stage="coordination">{inner}</subProcess>'
    nodes = FORK + task("first", "drafting") + frame + task("b", "review")
    flows = ("start -> first", "first -> f", "f -> sub", "f -> b", "sub -> j", "b -> j", "j -> end")
    found = run(nodes, *flows)
    found.complete("first")
    assert at_work(found) == ["coordination", "review"]
    found.complete("x")
    assert at_work(found) == ["review"]


def put(found: Run, key: str, to: str) -> list[str]:
    found.instance.jump(found.token(key), to)
    step = found.instance.collect()
    found._take(step)
    return list(step.stages)


def test_what_is_put_or_put_back_into_the_middle_of_a_stage_enters_it() -> None:
    nodes = task("a", "drafting") + task("a2") + task("b", "review") + task("b2") + task("c", "issue")
    found = run(nodes, "start -> a", "a -> a2", "a2 -> b", "b -> b2", "b2 -> c", "c -> end")
    assert put(found, "a", "b2") == ["review"], "nobody passed what enters it"
    found.complete("b2")
    assert found.waiting == ["c"]
    token = found.token("c")
    found.instance.go_back(token, next(one for one in found.instance.stops(token) if one.element_id == "b2").token)
    step = found.instance.collect()
    assert step.stages == ("review",) and [one.attributes["stage"] for one in step.human_tasks] == ["review"]


def test_a_step_on_a_loop_lies_in_the_stage_before_it_and_not_in_that_from_which_one_comes_back() -> None:
    nodes = task("a", "drafting") + task("check") + task("b", "review") + '<exclusiveGateway id="x"/>'
    back = 'x -> check [outcome == "again"]', 'x -> end [outcome != "again"]'
    found = run(nodes, "start -> a", "a -> check", "check -> b", "b -> x", *back)
    put(found, "a", "b")
    assert put(found, "b", "check") == ["drafting"]


def test_who_comes_back_behind_a_frame_is_in_the_stage_that_was_entered_within() -> None:
    inner = '<startEvent id="s"/>' + task("x", "issue") + '<endEvent id="t"/>'
    inner += xml_drawing.flow("s -> x") + xml_drawing.flow("x -> t")
    nodes = task("first", "revision") + f'<subProcess id="sub">{inner}</subProcess>' + task("d") + task("e")
    found = run(nodes, "start -> first", "first -> sub", "sub -> d", "d -> e", "e -> end")
    for key in ("first", "x", "d"):
        found.complete(key)
    token = found.token("e")
    found.instance.go_back(token, next(one for one in found.instance.stops(token) if one.element_id == "d").token)
    assert found.instance.collect().stages == ("issue",)
