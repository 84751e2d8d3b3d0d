"""A task without a row in the table of deadlines is named when it is deployed, and on its run."""

import pytest

from tests.engine import xml_drawing
from tests.people import SYSTEM
from tests.services.house import House, user_task
from workflow_service.engine.problems import WARNING, Problem
from workflow_service.i18n import use_language
from workflow_service.resources import bpmn_dir, forms_dir
from workflow_service.services import deployments, missing_deadlines

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
HEAD += '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:test">'


def table(*rows: tuple[str, str]) -> bytes:
    """A table of deadlines with a row for each pair of task and importance (empty: whatever it is)."""
    rules = "".join(
        f'<rule id="r{number}">' + "".join(
            f'<inputEntry id="r{number}i{place}"><text>{f"{chr(34)}{value}{chr(34)}" if value else ""}</text></inputEntry>'
            for place, value in enumerate(("p", *row))
        ) + f'<outputEntry id="r{number}o1"><text>5</text></outputEntry><outputEntry id="r{number}o2"><text>"working"</text>'
        f'</outputEntry><outputEntry id="r{number}o3"><text>"daily"</text></outputEntry></rule>'
        for number, row in enumerate(rows)
    )  # fmt: skip
    inputs = "".join(
        f'<input id="i{name}"><inputExpression id="e{name}" typeRef="string"><text>{name}</text></inputExpression></input>'
        for name in ("process", "task", "importance")
    )
    outputs = "".join(f'<output id="o{name}" name="{name}" typeRef="{kind}"/>' for name, kind in
                      (("days", "number"), ("unit", "string"), ("rhythm", "string")))  # fmt: skip
    decision = f'<decisionTable id="t" hitPolicy="FIRST">{inputs}{outputs}{rules}</decisionTable>'
    return f'{HEAD}<decision id="deadlines" name="时限">{decision}</decision></definitions>'.encode()


def found(house: House, files: dict[str, bytes]) -> dict[str, list[Problem]]:
    with house.database.transaction() as session:
        by_file = deployments.check_files(session, SYSTEM, files)
    return {name: [one for one in problems if one.code == "no_deadline"] for name, problems in by_file.items()}


CHAIN = xml_drawing.chain(user_task("a"), user_task("b"), user_task("c", more='approval:deadline="P3D"'))


@pytest.mark.parametrize(
    ("rows", "undated"),
    [((("a", ""), ("b", "")), []), ((("a", ""),), ["b"]), ((("a", ""), ("b", "key")), ["b"]), ((), ["a", "b"])],
)
def test_a_task_without_a_row_for_every_importance_is_named(
    house: House, rows: tuple[tuple[str, str], ...], undated: list[str]
) -> None:
    house.deploy()
    answer = found(house, {"p.bpmn": CHAIN, "deadlines.dmn": table(*rows, ("x", ""))})
    assert [(one.element_id, one.severity) for one in answer["p.bpmn"]] == [(one, WARNING) for one in undated]
    assert answer["deadlines.dmn"] == []
    with use_language("en"):
        assert all("no row" in one.message for one in answer["p.bpmn"])


def test_a_table_alone_is_held_against_what_is_deployed_and_a_process_against_the_table(house: House) -> None:
    house.deploy(CHAIN, files={"deadlines.dmn": table(("a", ""), ("b", ""))})
    answer = found(house, {"deadlines.dmn": table(("b", ""))})
    assert [one.element_id for one in answer["deadlines.dmn"]] == ["a"]
    assert [one.element_id for one in found(house, {"p.bpmn": CHAIN})["p.bpmn"]] == []


def test_without_a_table_nothing_is_missed(house: House) -> None:
    house.deploy(CHAIN)
    assert found(house, {"p.bpmn": CHAIN}) == {"p.bpmn": []}


def test_every_task_of_the_delivered_routes_has_a_deadline(house: House) -> None:
    files = {one.name: one.read_bytes() for folder in (bpmn_dir(), forms_dir()) for one in sorted(folder.iterdir())}
    assert {name: [one.element_id for one in problems] for name, problems in found(house, files).items() if problems} == {}


def test_a_run_names_its_open_tasks_without_a_deadline(house: House) -> None:
    house.deploy(CHAIN, files={"deadlines.dmn": table(("a", ""))})
    run = house.start()

    def undated() -> list[str]:
        with house.database.transaction() as session:
            row = house.instance(run)
            return [one.element_id for one in missing_deadlines.open_without(session, row)]

    assert undated() == []
    house.complete("a")
    assert undated() == ["b"]
    house.complete("b")
    assert undated() == []
