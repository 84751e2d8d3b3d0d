"""Fills a task's form the way a clerk who agrees would: the first outcome, every required field, nothing else.

Works from the schema, so a changed form still gets an answer; `given` values win.
"""

from typing import Any

from workflow_service.services.forms import FormErrors, validate

SENTENCES = {
    "opinion": "同意。",
    "summary": "本旬各单位按计划推进，已印发规划按时入库。",
    "reason": "落实本地区国民经济和社会发展规划纲要的任务要求。",
    "conclusion": "经衔接，与上级规划、空间规划和同级规划一致。",
    "adoption": "意见均已采纳。",
    "progress": "按进度推进。",
    "changes": "已按意见修改。",
}
OPINIONS = {
    "consultation_request": "请各单位研究提出意见，逾期视为无意见。",
    "coordination_request": "请对照上级规划和空间规划提出衔接意见。",
    "coordination_sign": "同意衔接意见。",
    "countersign": "会签同意。",
    "dossier_submission": "要件已备齐，请予受理。",
    "dossier_supplement": "所缺要件已补齐。",
    "draft_submission": "文稿已经处室集体讨论，现予提交。",
    "environmental_confirmation": "环评结论可行，同意。",
    "evaluation_report": "评估报告已按征求的意见修改完善。",
    "evaluation_setup": "请各单位按时间节点提交自评材料。",
    "filing_check": "材料齐全，内容一致，予以备案。",
    "government_decision": "同意，请编制单位按程序印发。",
    "joint_submission": "同意联合上报。",
    "list_negotiation": "已与主管部门商定。",
    "registration_application": "编制依据充分，申请列入目录清单。",
    "registration_review": "符合立项条件，建议列入目录清单。",
    "review_form": "同意按建议的形式审议。",
    "revision_examination": "修订理由充分，同意启动修订。",
    "sign_off": "同意。",
    "submission": "请示和附件已核，同意上报。",
    "submission_preparation": "请有关单位会签后上报。",
    "text_check": "文字、数据、格式已核，无误。",
    "text_confirmation": "修改稿已落实会议意见，予以确认。",
    "unit_decision": "经局党组会议研究，同意印发。",
    "water_confirmation": "用水总量符合控制指标，同意。",
    "written_approval": "拟同意，请审批。",
}
"""What somebody who agrees writes as his opinion, by form."""
MAX_ROUNDS = 6


def answer(schema: dict[str, Any], given: dict[str, Any] | None = None, opinion: str = "") -> dict[str, Any]:
    """Give values that fit `schema`; raises FormErrors when a field cannot be filled from the schema alone.

    `opinion` is written where the form asks for one and the answer is the first of its outcomes.
    """
    properties: dict[str, Any] = schema.get("properties", {})
    values = {name: value for name, value in (given or {}).items() if name in properties}
    for name in schema.get("required", []):
        values.setdefault(name, _value(name, properties[name]))
    if opinion and "opinion" in properties and _agrees(properties, values):
        values.setdefault("opinion", opinion)
    return _until_it_fits(schema, values)


def _agrees(properties: dict[str, Any], values: dict[str, Any]) -> bool:
    outcome = properties.get("outcome")
    return outcome is None or values.get("outcome") == _value("outcome", outcome)


def _until_it_fits(schema: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Conditional requirements (`if`/`then`) show only once the outcome is there: add what is asked for."""
    for _round in range(MAX_ROUNDS):
        try:
            return validate(schema, values)
        except FormErrors as errors:
            missing = [one["field"] for one in errors.details["fields"] if one["field"] not in values]
            if not missing:
                raise
            for name in missing:
                values[name] = _value(name, schema["properties"][name])
    return validate(schema, values)


def _value(name: str, field: dict[str, Any]) -> Any:
    if choices := field.get("oneOf") or field.get("anyOf"):
        return choices[0]["const"]
    if "enum" in field:
        return field["enum"][0]
    kind = field.get("type")
    if kind == "array":
        return _items(field)
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        return field.get("minimum", 1)
    if field.get("format") == "date":
        return "2021-01-04"
    return SENTENCES.get(name, "已办理。")


def _items(field: dict[str, Any]) -> list[Any]:
    """All choices of a check list (a whole dossier), or as many as asked for."""
    inner = field.get("items", {})
    if choices := inner.get("oneOf") or inner.get("anyOf"):
        return [one["const"] for one in choices]
    return list(inner.get("enum", []))
