"""Reads DMN 1.3 files as dmn-js writes them; refuses what would not be evaluated as drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import SpiffWorkflow.dmn.parser
from lxml import etree

from workflow_service.engine.decision_table import (
    AGGREGATIONS,
    HIT_POLICIES,
    DecisionClash,
    DecisionError,
    DecisionResult,
    DecisionTable,
    Input,
    NoDecisionMatch,
    Output,
    Rule,
)
from workflow_service.engine.grammar import ExpressionError
from workflow_service.engine.problems import ERROR, DefinitionRefused, Problem
from workflow_service.engine.script import compile_expression
from workflow_service.engine.table_check import check_table
from workflow_service.engine.unary import compile_tests, split_list
from workflow_service.engine.xml import parse_xml
from workflow_service.i18n import N_

__all__ = [
    "DecisionClash",
    "DecisionError",
    "DecisionResult",
    "DecisionTable",
    "NoDecisionMatch",
    "check_table",
    "read_decisions",
]

DMN_NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"
_TAG = f"{{{DMN_NAMESPACE}}}"
_SCHEMA = Path(SpiffWorkflow.dmn.parser.__file__).parent / "schema" / "DMN13.xsd"


def read_decisions(data: bytes) -> list[DecisionTable]:
    """Read every decision table of a DMN file.

    Raises NotReadable and FileTooLarge for the XML, DefinitionRefused with all findings for the rest. Whether
    rows overlap or are missing is a matter of `check_table`, which the deployment asks for.
    """
    root = parse_xml(data)
    problems = [_wrong_root(root)] if root.tag != f"{_TAG}definitions" else list(_schema_problems(root))
    if problems:
        raise DefinitionRefused("DMN", problems)
    decisions = root.findall(f"{_TAG}decision")
    problems = [problem for decision in decisions for problem in _decision_problems(decision)]
    if not decisions:
        problems = [_problem("dmn_empty", N_("文件里没有决策表"), root)]
    if problems:
        raise DefinitionRefused(root.get("name") or root.get("id") or "DMN", problems)
    tables = [_table(decision) for decision in decisions]
    problems = [problem for table in tables for problem in _expression_problems(table)]
    if problems:
        raise DefinitionRefused(tables[0].name, problems)
    return tables


def _problem(code: str, text: str, element: Any, advice: str = "", **values: Any) -> Problem:
    return Problem(ERROR, code, text, advice, element.get("id"), element.sourceline, values)


def _wrong_root(root: Any) -> Problem:
    advice = N_("请在设计器里新建决策表，或用 dmn-js 另存为 DMN 1.3。")
    return _problem("not_dmn", N_("这不是 DMN 1.3 文件（根元素 %(tag)s）"), root, advice, tag=root.tag)


def _schema_problems(root: Any) -> list[Problem]:
    schema = etree.XMLSchema(etree.parse(str(_SCHEMA)))
    if schema.validate(root):
        return []
    return [
        Problem(
            ERROR,
            "dmn_schema",
            N_("不符合 DMN 1.3：%(detail)s"),
            line=entry.line,
            values={"detail": entry.message},
        )
        for entry in list(schema.error_log)[:20]
    ]


def _decision_problems(decision: Any) -> list[Problem]:
    problems = []
    table = decision.find(f"{_TAG}decisionTable")
    name = decision.get("name") or decision.get("id")
    if not decision.get("id"):
        problems.append(_problem("dmn_no_id", N_("决策“%(name)s”没有 id"), decision, name=name))
    if decision.find(f"{_TAG}informationRequirement/{_TAG}requiredDecision") is not None:
        advice = N_("请把各表分别画成业务规则任务，依次调用。")
        problems.append(
            _problem("dmn_required_decision", N_("决策“%(name)s”依赖另一个决策"), decision, advice, name=name)
        )
    if table is None:
        advice = N_("请把它改成决策表。")
        return [
            *problems,
            _problem("dmn_no_table", N_("决策“%(name)s”不是决策表"), decision, advice, name=name),
        ]
    policy = table.get("hitPolicy", "UNIQUE")
    if policy not in HIT_POLICIES:
        advice = N_("请改用 UNIQUE、FIRST、ANY、COLLECT 或 RULE ORDER。")
        problems.append(
            _problem("dmn_hit_policy", N_("不支持命中策略 %(policy)s"), table, advice, policy=policy)
        )
    return problems + _shape_problems(table)


def _shape_problems(table: Any) -> list[Problem]:
    inputs, outputs = table.findall(f"{_TAG}input"), table.findall(f"{_TAG}output")
    problems = []
    for number, rule in enumerate(table.findall(f"{_TAG}rule"), 1):
        tests, results = rule.findall(f"{_TAG}inputEntry"), rule.findall(f"{_TAG}outputEntry")
        if (len(tests), len(results)) != (len(inputs), len(outputs)):
            text = N_("第 %(rule)s 行的格数与列数不符")
            problems.append(_problem("dmn_row_shape", text, rule, rule=number))
    names = [output.get("name") or "" for output in outputs]
    if len(outputs) > 1 and (len(set(names)) < len(names) or "" in names):
        problems.append(_problem("dmn_output_names", N_("多个输出列要各有不同的名称（name）"), table))
    if table.get("aggregation") and len(outputs) > 1:
        problems.append(_problem("dmn_aggregation", N_("汇总只能用于一个输出列"), table))
    return problems


def _table(decision: Any) -> DecisionTable:
    table = decision.find(f"{_TAG}decisionTable")
    policy = HIT_POLICIES[table.get("hitPolicy", "UNIQUE")]
    if policy == "C":
        policy += AGGREGATIONS.get(table.get("aggregation", ""), "")
    rules = enumerate(table.findall(f"{_TAG}rule"), 1)
    return DecisionTable(
        id=decision.get("id"),
        name=decision.get("name") or decision.get("id"),
        policy=policy,
        inputs=tuple(_input(column) for column in table.findall(f"{_TAG}input")),
        outputs=tuple(_output(column, decision) for column in table.findall(f"{_TAG}output")),
        rules=tuple(_rule(rule, number) for number, rule in rules),
    )


def _text(parent: Any, path: str) -> str:
    node = parent.find("/".join(f"{_TAG}{step}" for step in path.split("/")))
    return (node.text or "").strip() if node is not None else ""


def _input(column: Any) -> Input:
    expression = column.find(f"{_TAG}inputExpression")
    text = _text(expression, "text")
    values = _text(column, "inputValues/text")
    return Input(
        id=column.get("id", ""),
        label=column.get("label") or text,
        expression=text,
        type=expression.get("typeRef", ""),
        values=tuple(split_list(values)) if values else (),
    )


def _output(column: Any, decision: Any) -> Output:
    values = _text(column, "outputValues/text")
    name = column.get("name") or decision.get("id")
    return Output(
        id=column.get("id", ""),
        name=name,
        label=column.get("label") or name,
        type=column.get("typeRef", ""),
        values=tuple(split_list(values)) if values else (),
    )


def _rule(rule: Any, number: int) -> Rule:
    return Rule(
        id=rule.get("id", ""),
        number=number,
        tests=tuple(_text(entry, "text") for entry in rule.findall(f"{_TAG}inputEntry")),
        results=tuple(_text(entry, "text") for entry in rule.findall(f"{_TAG}outputEntry")),
        note=_text(rule, "description") or _text(rule, "annotationEntry/text"),
    )


def _expression_problems(table: DecisionTable) -> list[Problem]:
    """Compile every cell once, so that what cannot be read is said at deployment with its row and column."""
    problems = []
    for column in table.inputs:
        problems += _attempt(compile_expression, column.expression, table, N_("输入列"), 0, column.label)
        for value in column.values:
            problems += _attempt(compile_tests, value, table, N_("可选值"), 0, column.label)
    for rule in table.rules:
        for column, test in zip(table.inputs, rule.tests, strict=True):
            problems += _attempt(compile_tests, test, table, N_("条件"), rule.number, column.label)
        for output, result in zip(table.outputs, rule.results, strict=True):
            if result not in ("", "-"):
                problems += _attempt(compile_expression, result, table, N_("输出列"), rule.number, output.label)
    return problems


def _attempt(
    compiler: Any, text: str, table: DecisionTable, what: str, row: int, column: str
) -> list[Problem]:
    try:
        compiler(text)
    except ExpressionError as error:
        place = N_("第 %(row)s 行“%(column)s”：%(detail)s") if row else N_("“%(column)s”列：%(detail)s")
        values = {"row": row, "column": column, "detail": error.message, "what": what}
        return [Problem(ERROR, "dmn_expression", place, element_id=table.id, values=values)]
    return []
