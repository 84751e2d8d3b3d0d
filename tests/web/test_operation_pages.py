"""The operations as pages without script: what is offered to whom, what each says, and what a refusal keeps."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.engine.xml_drawing import chain, draw
from tests.people import NOW, SYSTEM
from tests.services.house import AGREE, House, user_task
from tests.web.conftest import CSRF, Person
from workflow_service.domain.rounds import Relation, RoundMode
from workflow_service.services import processes, rounds, tasks, transfers
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.services.recipients import Asked
from workflow_service.services.rounds import RoundAsked
from workflow_service.services.transfers import TransferAsked
from workflow_service.store.runtime import ProcessInstance, Task, TaskDraft, TaskHolder

SignIn = Callable[[str], Person]


@pytest.fixture
def running(house: House) -> int:
    """a > (b > c | d) > e with a done; b and d are open."""
    nodes = '<startEvent id="start"/><endEvent id="end"/><parallelGateway id="f"/><parallelGateway id="j"/>'
    nodes += "".join(user_task(key) for key in "abcde")
    flows = ("start -> a", "a -> f", "f -> b", "f -> d", "b -> c", "c -> j", "d -> j", "j -> e", "e -> end")
    house.deploy(draw(nodes, *flows))
    instance_id = house.start()
    house.complete("a")
    return instance_id


def task_of(house: House, element_id: str) -> Task:
    return next(one for one in house.open() if one.element_id == element_id and one.round_id is None)


def side_of(house: House) -> Task:
    return next(one for one in house.open() if one.round_id is not None)


def ask(house: House, element_id: str, relation: Relation, username: str, note: str = "请提意见") -> None:
    asked = RoundAsked(relation, [Asked(f"u:{house.structure.people[username]}")], note=note)
    with house.database.transaction() as session:
        rounds.begin_round(session, house.actor("jb.handler"), task_of(house, element_id).id, asked, now=house.now)


def test_what_would_end_is_said_before_the_return(house: House, person: SignIn, running: int) -> None:
    html = person("jb.handler").get(f"/tasks/{task_of(house, 'b').id}/return").text
    effect = html.split('id="effect"')[1].split("</div>\n<button")[0]
    assert "将结束" in effect
    assert "“d”（江北区能源局·经办）" in effect
    assert house.waiting() == ["b", "d"]


def test_a_refused_return_keeps_every_word(house: House, person: SignIn, running: int) -> None:
    path = f"/tasks/{task_of(house, 'b').id}/return"
    answer = person("jb.handler").post(path, {"to": "a", "reason": " ", "points": "补表\n补图"})
    assert answer.status_code == 422
    assert "请写明理由" in answer.text
    assert "补表\n补图</textarea>" in answer.text
    done = person("jb.handler").post(path, {"to": "a", "reason": "有误", "points": "补表\n\n补图"})
    assert done.status_code == 302
    page = person("jb.handler").get(f"/tasks/{task_of(house, 'a').id}").text
    assert re.findall(r"<li>(补.)</li>", page.split('class="points"')[1].split("</ol>")[0]) == ["补表", "补图"]


def test_a_form_that_is_sent_twice_returns_once(house: House, person: SignIn, running: int) -> None:
    path, handler = f"/tasks/{task_of(house, 'b').id}/return", person("jb.handler")
    asked = {"to": "a", "reason": "有误", "idempotency_key": "k1"}
    assert [handler.post(path, asked).status_code for _time in range(2)] == [302, 403] or house.waiting() == ["a"]
    assert house.waiting() == ["a"]


def test_only_who_is_asked_may_open_an_operation(house: House, person: SignIn, running: int) -> None:
    task_id = task_of(house, "b").id
    for operation in ("return", "transfer", "sign", "assign", "delegate", "consult"):
        assert person("jb.supervisor").get(f"/tasks/{task_id}/{operation}").status_code == 403, operation
    assert person("jb.handler").get(f"/tasks/{task_id}/reassign").status_code == 403
    assert person("jb.supervisor").get(f"/tasks/{task_id}/reassign").status_code == 200


def test_people_are_found_by_initials_and_other_governments_by_their_registry(
    house: House, person: SignIn, running: int
) -> None:
    task_id, handler = task_of(house, "b").id, person("jb.handler")
    found = handler.get(f"/tasks/{task_id}/people?as=sign&q=fzggj").text
    assert "区发展改革局·督办" in found
    beside = handler.get(f"/tasks/{task_id}/people?as=sign&q=海曙区").text
    assert "hs.drc:registry" in beside
    assert "海曙区发展改革局·经办" not in beside
    within = handler.get(f"/tasks/{task_id}/people?as=transfer&q=fzggj").text
    assert "督办" not in within


def test_a_search_without_script_keeps_who_was_chosen(house: House, person: SignIn, running: int) -> None:
    chosen = f"u:{house.structure.people['jb.supervisor']}"
    data = {"holder": chosen, f"due.{chosen}": "2025-12-05", "reason": "请提意见", "q": "fzggj", "look": "1"}
    answer = person("jb.handler").post(f"/tasks/{task_of(house, 'b').id}/sign", data)
    assert answer.status_code == 200
    assert f'value="{chosen}" checked' in answer.text
    assert 'value="2025-12-05"' in answer.text
    assert "请提意见</textarea>" in answer.text


def test_a_held_task_says_for_whom_it_waits_and_offers_nothing(house: House, person: SignIn, running: int) -> None:
    ask(house, "b", Relation.BEFORE, "jb.supervisor")
    html = person("jb.handler").get(f"/tasks/{task_of(house, 'b').id}").text
    assert "正在等其他人办理" in html
    assert "前加签：区发展改革局·督办" in html
    assert "data-main" not in html
    assert "减签" in html


def test_a_side_task_says_who_asks_and_shows_the_asking_task(house: House, person: SignIn, running: int) -> None:
    ask(house, "b", Relation.TOGETHER, "jb.supervisor", note="请就用能指标提意见")
    house.complete("b")
    html = person("jb.supervisor").get(f"/tasks/{side_of(house).id}").text
    assert "区能源局·经办请您办理（并加签）" in html
    assert "请就用能指标提意见" in html
    assert "原任务：b" in html
    assert "<dd>同意。</dd>" in html
    assert 'name="opinion"' in html
    assert "没有不同意的，流程继续" in html


def test_what_happens_next_knows_those_who_sign_too(house: House, person: SignIn, running: int) -> None:
    ask(house, "b", Relation.TOGETHER, "jb.supervisor")
    html = person("jb.handler").get(f"/tasks/{task_of(house, 'b').id}").text
    assert "先等并加签（区发展改革局·督办），再到c" in html


def test_an_answer_stands_in_the_thread_of_its_question(house: House, person: SignIn, running: int) -> None:
    ask(house, "b", Relation.CONSULT, "jb.supervisor", note="环评何时能下？")
    assert "还没有答复" in person("jb.handler").get(f"/tasks/{task_of(house, 'b').id}").text
    assert person("jb.supervisor").post(f"/tasks/{side_of(house).id}/complete", {"opinion": "本周五。"}).status_code == 302
    thread = person("jb.handler").get(f"/tasks/{task_of(house, 'b').id}").text.split('id="consult"')[1]
    assert "环评何时能下？" in thread
    assert "本周五。" in thread


def test_what_a_delegate_did_stands_in_the_form(house: House, person: SignIn, running: int) -> None:
    ask(house, "b", Relation.DELEGATE, "jb.supervisor")
    with house.database.transaction() as session:
        result = {"outcome": "agree", "opinion": "代拟的意见"}
        tasks.complete_task(session, house.actor("jb.supervisor"), side_of(house).id, result, now=house.now)
    assert "代拟的意见" in person("jb.handler").get(f"/tasks/{task_of(house, 'b').id}").text.split('id="work"')[1]


def test_a_draft_that_goes_along_leaves_the_opinion_behind(house: House, person: SignIn, running: int) -> None:
    task_id, handler = task_of(house, "b").id, person("jb.handler")
    assert handler.post(f"/tasks/{task_id}/draft", {"opinion": "心里话"}).status_code == 200
    asked = {"holder": "g:jb.energy:leader", "with_draft": "1"}
    assert handler.post(f"/tasks/{task_id}/transfer", asked).status_code == 422  # nobody holds that post
    with house.database.transaction() as session:
        assert session.get(TaskDraft, (task_id, house.structure.people["jb.handler"])) is not None


def test_what_was_done_can_be_taken_back_from_the_list_until_it_is_opened(house: House, person: SignIn, running: int) -> None:
    handler, done = person("jb.handler"), house.complete("b")
    assert f"/tasks/{done.id}/retrieve" in handler.get("/tasks/done").text
    handler.get(f"/tasks/{task_of(house, 'c').id}")
    assert f"/tasks/{done.id}/retrieve" in handler.get("/tasks/done").text
    assert handler.post(f"/tasks/{task_of(house, 'c').id}/opened").status_code == 204
    assert f"/tasks/{done.id}/retrieve" not in handler.get("/tasks/done").text
    assert handler.post(f"/tasks/{done.id}/retrieve").status_code == 409


def test_what_the_page_asks_in_the_background_does_not_take_the_next_pages_word_away(
    house: House, person: SignIn, running: int
) -> None:
    handler, task_id = person("jb.handler"), task_of(house, "b").id
    token = CSRF.search(handler.get(f"/tasks/{task_id}").text)
    assert token is not None
    assert handler.post(f"/tasks/{task_id}/complete", {"outcome": "agree", "opinion": "同意。"}).status_code == 302
    by_script = {"X-CSRFToken": token[1], "Accept": "*/*"}
    refused = handler.client.post(f"/tasks/{task_id}/opened", headers=by_script)
    assert refused.status_code == 409
    assert "<html" not in refused.text
    assert "已提交" in handler.get("/tasks").text
    assert "已提交" not in handler.get("/tasks").text, "said once"


def test_what_one_started_can_be_withdrawn_until_somebody_agreed(house: House, person: SignIn) -> None:
    house.deploy_chain(user_task("a"), user_task("b", group="jb.drc:supervisor"))
    ids = [house.start(business_key=str(number)) for number in range(2)]
    with house.database.transaction() as session:
        for instance_id in ids:
            session.get_one(ProcessInstance, instance_id).started_by = house.structure.people["jb.handler"]
    handler = person("jb.handler")
    for username in ("jb.handler", "jb.supervisor"):
        (task,) = house.open(ids[1])
        with house.database.transaction() as session:
            tasks.complete_task(session, house.actor(username), task.id, AGREE, now=house.now)
    shown = handler.get("/tasks/started").text
    assert f"/instances/{ids[0]}/withdraw" in shown
    assert f"/instances/{ids[1]}/withdraw" not in shown
    assert "“a”" in handler.get(f"/instances/{ids[0]}/withdraw").text
    assert handler.post(f"/instances/{ids[0]}/withdraw", {"reason": ""}).status_code == 422
    assert handler.post(f"/instances/{ids[0]}/withdraw", {"reason": "填错了"}).status_code == 302
    assert house.instance(ids[0]).status == "terminated"


def test_a_supervisor_sees_what_a_jump_ends_before_he_jumps(house: House, person: SignIn, running: int) -> None:
    supervisor, path = person("jb.supervisor"), f"/instances/{running}/jump"
    token = str(task_of(house, "b").token)
    looked = supervisor.post(path, {"token": token, "to": "e", "look": "1", "reason": "上级要求"})
    assert "“d”（江北区能源局·经办）" in looked.text
    assert "上级要求</textarea>" in looked.text
    assert house.waiting() == ["b", "d"]
    assert supervisor.post(path, {"token": token, "to": "e", "reason": ""}).status_code == 422
    assert supervisor.post(path, {"token": "x", "to": "e", "reason": "上级要求"}).status_code == 422
    assert supervisor.post(path, {"token": token, "to": "e", "reason": "上级要求"}).status_code == 302
    assert house.waiting() == ["e"]
    assert person("jb.handler").get(path).status_code == 403


def test_a_finished_run_is_taken_up_from_its_page(house: House, person: SignIn, running: int) -> None:
    for element_id in "bcde":
        house.complete(element_id)
    supervisor = person("jb.supervisor")
    assert "重办" in supervisor.get(f"/instances/{running}").text
    assert supervisor.post(f"/instances/{running}/reopen", {"to": "e", "reason": "印发有误"}).status_code == 302
    assert house.waiting() == ["e"]


def test_the_page_of_a_command_tells_its_effect_before_it_is_given(house: House, person: SignIn, running: int) -> None:
    supervisor, path = person("jb.supervisor"), f"/instances/{running}"
    assert "将结束" in (shown := supervisor.get(f"{path}/terminate").text) and "“d”（江北区能源局·经办）" in shown
    assert "停止计时" in (shown := supervisor.get(f"{path}/suspend").text) and "“b”（江北区能源局·经办）" in shown
    for element_id in "bcde":
        house.complete(element_id)
    assert "“c”" in supervisor.get(f"{path}/reopen/effect?to=c").text
    assert "不能退回到" in supervisor.get(f"{path}/reopen/effect?to=nowhere").text
    assert house.waiting() == []


def test_the_page_of_a_command_that_is_refused_offers_no_button(house: House, person: SignIn, running: int) -> None:
    supervisor, path = person("jb.supervisor"), f"/instances/{running}"
    assert 'name="reason"' in supervisor.get(f"{path}/suspend").text
    for element_id in "bcde":
        house.complete(element_id)
    for command in ("suspend", "resume", "terminate", "jump"):
        shown = supervisor.get(f"{path}/{command}").text
        assert 'name="reason"' not in shown and "btn-danger" not in shown, command
        assert "已经办结" in shown or command == "jump"
    assert 'name="reason"' in supervisor.get(f"{path}/reopen").text


def test_a_retrieval_says_with_whom_what_ends(house: House, person: SignIn, running: int) -> None:
    done = house.complete("b")
    for address in ("/tasks/done", f"/tasks/{done.id}"):
        assert "将结束：“c”（江北区能源局·经办）" in person("jb.handler").get(address).text


def test_the_supervisor_of_ticked_tasks_sees_each_run_before_he_acts(house: House, person: SignIn, running: int) -> None:
    ticked, supervisor = (task_of(house, "b"), task_of(house, "d")), person("jb.supervisor")
    asked = "&".join(f"task={one.id}" for one in ticked)
    shown = supervisor.get(f"/supervision/act/effect?action=terminate&{asked}").text
    assert shown.count("将结束") == 1 and "“b”" in shown and "“d”" in shown
    assert "将结束" not in supervisor.get(f"/supervision/act/effect?action=urge&{asked}").text
    looked = supervisor.post("/supervision/act", batch("suspend", *ticked, look="1", note="核查")).text
    assert "停止计时" in looked and "核查</textarea>" in looked
    assert house.instance(running).status == "active"


def batch(action: str, *tasks_of: Task, **more: str) -> list[tuple[str, str]]:
    return [("action", action), *(("task", str(one.id)) for one in tasks_of), *more.items()]


def test_ticked_tasks_of_one_form_are_finished_with_one_answer(house: House, person: SignIn, running: int) -> None:
    ticked, handler = (task_of(house, "b"), task_of(house, "d")), person("jb.handler")
    asked = handler.post("/tasks/batch", batch("complete", *ticked))
    assert "批量办理 2 项" in asked.text
    assert house.waiting() == ["b", "d"]
    done = handler.post("/tasks/batch", batch("complete", *ticked, go="1", outcome="agree", opinion="同意"))
    assert "办成 2 项，未办成 0 项" in done.text
    assert house.waiting() == ["c"]


def test_tasks_of_different_forms_are_not_finished_together(house: House, person: SignIn, running: int) -> None:
    ask(house, "b", Relation.DELEGATE, "jb.handler")
    house.deploy_chain(user_task("x").replace("answer", ""))
    house.start()
    ticked = (task_of(house, "d"), task_of(house, "x"))
    answer = person("jb.handler").post("/tasks/batch", batch("complete", *ticked, go="1", outcome="agree"))
    assert "表单不同" in answer.text
    assert {"d", "x"} <= set(house.waiting())


def test_one_refusal_holds_up_no_other_of_a_batch(house: House, person: SignIn, running: int) -> None:
    ticked, supervisor = (task_of(house, "b"), task_of(house, "d")), person("jb.supervisor")
    first = supervisor.post("/tasks/batch", batch("urge", ticked[0], go="1", reason="请抓紧。"))
    assert "办成 1 项" in first.text
    both = supervisor.post("/tasks/batch", batch("urge", *ticked, go="1", reason="请抓紧。")).text
    assert "办成 1 项，未办成 1 项" in both
    assert "一小时内已经催办过" in both


def test_many_are_urged_with_a_reason_that_is_ready_and_never_without_one(
    house: House, person: SignIn, running: int
) -> None:
    ticked, supervisor = (task_of(house, "b"), task_of(house, "d")), person("jb.supervisor")
    assert ">请尽快办理。</textarea>" in supervisor.post("/tasks/batch", batch("urge", *ticked)).text
    for reason in ("", " \n", "长" * 501):
        refused = supervisor.post("/tasks/batch", batch("urge", *ticked, go="1", reason=reason))
        assert refused.status_code == 422 and "请写明催办理由" in refused.text and 'name="reason"' in refused.text
    assert "动态" in supervisor.get(f"/tasks/{ticked[0].id}").text
    assert "办成 2 项" in supervisor.post("/tasks/batch", batch("urge", *ticked, go="1", reason="请周五前办结")).text
    assert "请周五前办结" in supervisor.get(f"/tasks/{ticked[0].id}").text
    assert "请周五前办结" in person("jb.handler").get("/notices").text


def test_a_task_is_urged_with_the_sentence_that_its_light_gives(house: House, person: SignIn) -> None:
    house.deploy_chain(user_task("a", more='approval:deadline="2 working days"'))
    house.start()
    task_id, supervisor = task_of(house, "a").id, person("jb.supervisor")
    address = f"/tasks/{task_id}/urge"
    assert f'href="{address}" data-sheet' in supervisor.get(f"/tasks/{task_id}").text
    assert "<textarea" in supervisor.get(address).text and ">还剩 2 个工作日，请尽快办理。<" in supervisor.get(address).text
    refused = supervisor.post(address, [("reason", "  ")])
    assert refused.status_code == 422 and "请写明催办理由" in refused.text
    done = supervisor.post(address, [("reason", "还剩 2 个工作日，请尽快办理。")])
    assert (done.status_code, done.headers["Location"]) == (302, f"/tasks/{task_id}")
    again = supervisor.post(address, [("reason", "再催"), ("back", "board")])
    assert again.status_code == 409 and "一小时内" in again.text and ">再催</textarea>" in again.text
    assert person("hs.handler").get(address).status_code == 403


def test_the_slip_says_on_whose_behalf_a_result_was_entered_and_only_there(house: House, person: SignIn) -> None:
    house.deploy_chain(
        user_task("a", more='approval:kind="record"'),
        user_task("b", more='approval:kind="record" approval:onBehalfOf="专家组"'), user_task("c"),
    )  # fmt: skip
    instance_id = house.start()
    house.complete("a")
    for address in (f"/instances/{instance_id}", f"/instances/{instance_id}/slip"):
        assert "代录" not in person("jb.supervisor").get(address).text
    house.complete("b")
    for address in (f"/instances/{instance_id}", f"/instances/{instance_id}/slip"):
        assert person("jb.supervisor").get(address).text.count("代录：专家组") == 1


def test_a_ballot_is_not_offered_to_be_given_to_anybody(house: House, person: SignIn) -> None:
    several = '<multiInstanceLoopCharacteristics camunda:collection="voters" camunda:elementVariable="one"/>'
    said = 'approval:sign="vote" approval:threshold="1/2" approval:kind="opinion"'
    vote = f'<userTask id="v" name="v" camunda:formKey="answer" camunda:assignee="${{one}}" {said}>{several}</userTask>'
    house.deploy_chain(vote)
    house.start(variables={"voters": ["jb.handler", "jb.supervisor"]})
    ballot = next(one for one in house.open() if one.assignee_id == house.structure.people["jb.handler"])
    page = person("jb.handler").get(f"/tasks/{ballot.id}").text
    assert f"/tasks/{ballot.id}/consult" in page
    assert [one for one in ("transfer", "delegate", "reassign") if f"/tasks/{ballot.id}/{one}" in page] == []
    assert f"/tasks/{ballot.id}/reassign" not in person("jb.supervisor").get(f"/tasks/{ballot.id}").text


def test_what_one_may_not_see_is_left_out_of_a_batch_as_if_it_were_not_there(
    house: House, person: SignIn, running: int
) -> None:
    with house.database.transaction() as session:
        other = processes.start_process(session, SYSTEM, "p", variables={}, area_path="/330000/330200/330203/", now=NOW)
        hidden = session.scalars(select(Task).where(Task.instance_id == other.id)).one()
        hidden.candidate_groups = ["hs.drc:handler"]
        session.execute(update(TaskHolder).where(TaskHolder.task_id == hidden.id).values(holder="g:hs.drc:handler"))
    reader = person("jb.supervisor")
    assert reader.get(f"/tasks/{hidden.id}").status_code == 403
    done = reader.post("/tasks/batch", batch("urge", hidden, task_of(house, "d"), Task(id=999999), go="1", reason="请抓紧。"))
    assert done.status_code == 200 and "办成 1 项，未办成 0 项" in done.text
    assert reader.post("/tasks/batch", batch("urge", hidden, go="1")).status_code == 404
    assert reader.post("/tasks/batch", batch("urge", go="1")).status_code == 422


def test_the_names_of_operations_follow_the_setting(house: House, person: SignIn, running: int) -> None:
    task_id = task_of(house, "b").id
    assert person("jb.admin").get("/settings").status_code == 403
    assert ">转办<" in words_of(person("jb.handler").get(f"/tasks/{task_id}").text)
    admin = person("zj.admin")
    assert admin.post("/settings", {"operation_names": "slang"}).status_code == 422
    assert admin.post("/settings", {"operation_names": "oa"}).status_code == 302
    html = words_of(person("jb.handler").get(f"/tasks/{task_id}").text)
    assert ">转交<" in html
    assert ">转办<" not in html
    assert ">Hand over<" in words_of(person("jb.handler").speaks("en").get(f"/tasks/{task_id}").text)


def test_keeping_a_draft_has_its_name_in_both_wordings(house: House, person: SignIn) -> None:
    shown = person("zj.admin").get("/settings").text
    assert "暂存" in shown and "保存草稿" in shown


def test_that_the_form_is_kept_is_said_in_the_chosen_wording_by_the_page_as_by_the_answer_to_its_script(
    house: House, person: SignIn, running: int
) -> None:
    task_id, handler = task_of(house, "b").id, person("jb.handler")
    for wording, said in (("office", "已暂存"), ("oa", "草稿已保存")):
        assert person("zj.admin").post("/settings", {"operation_names": wording}).status_code == 302
        answer = handler.post(f"/tasks/{task_id}/draft", [("opinion", "写了一半")]).text
        page = handler.get(f"/tasks/{task_id}").text
        for shown in (answer, page.split('class="saved"')[1].split("</div>")[0]):
            assert [one for one in ("已暂存", "草稿已保存") if one in shown] == [said]
    assert "Draft saved" in handler.speaks("en").get(f"/tasks/{task_id}").text


def test_titles_and_outcomes_follow_the_setting(house: House, person: SignIn) -> None:
    choices = {"const": "agree", "title": "同意"}, {"const": "dissent", "title": "不同意", "x-title-en": "Dissent"}
    form = {
        "type": "object", "required": ["outcome"],
        "properties": {
            "outcome": {"type": "string", "title": "结果", "oneOf": list(choices)},
            "others": {"type": "string", "title": "列明的不同意见"},
        },
    }  # fmt: skip
    house.deploy(chain(user_task("a"), user_task("b")), files={"answer.json": json.dumps(form).encode()})
    run, handler = house.start(), person("jb.handler")
    asked = task_of(house, "a").id
    assert ">不同意<" in words_of(handler.get(f"/tasks/{asked}").text)
    handler.post(f"/tasks/{asked}/complete", {"outcome": "dissent"}, seen=f"/tasks/{asked}")
    assert "<strong>不同意</strong>" in handler.get(f"/instances/{run}").text
    assert person("zj.admin").post("/settings", {"operation_names": "oa"}).status_code == 302
    page = words_of(handler.get(f"/tasks/{task_of(house, 'b').id}").text)
    assert ">驳回<" in page and ">不同意<" not in page and "列明的不同意见" in page
    assert "<strong>驳回</strong>" in handler.get(f"/instances/{run}").text
    assert "<strong>Reject</strong>" in handler.speaks("en").get(f"/instances/{run}").text


def words_of(html: str) -> str:
    return re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL)


def test_the_pages_script_is_told_where_to_go_on(house: House, person: SignIn, running: int) -> None:
    handler: Any = person("jb.handler")
    path = f"/tasks/{task_of(house, 'b').id}/complete"
    answer = handler.post(path, {"outcome": "agree", "idempotency_key": "k"}, headers={"Accept": "application/json"})
    assert answer.get_json() == {"go": "/tasks"}
    again = handler.post(path, {"outcome": "agree", "idempotency_key": "k"}, headers={"Accept": "application/json"})
    assert again.get_json() == {"go": "/tasks"}
    assert house.waiting() == ["c", "d"]


def test_what_happened_is_told_in_order(house: House, person: SignIn, running: int) -> None:
    task_id = task_of(house, "b").id
    person("jb.handler").post(f"/tasks/{task_id}/return", {"to": "a", "reason": "数据有误"})
    moves = person("jb.handler").get(f"/tasks/{task_id}").text.split('id="moves"')[1]
    assert "区能源局·经办把“b”退回“a”" in moves
    assert "数据有误" in moves


def countersigned(house: House) -> int:
    form = b'{"type": "object", "properties": {"outcome": {"type": "string"}, "opinion": {"type": "string"}}}'
    rule = '<multiInstanceLoopCharacteristics isSequential="true" camunda:collection="units" camunda:elementVariable="one"/>'
    ask = f'<userTask id="ask" name="会签" camunda:formKey="free" camunda:candidateGroups="${{one}}:handler">{rule}</userTask>'
    nodes = '<startEvent id="start"/><endEvent id="end"/>' + user_task("a") + ask
    house.deploy(draw(nodes, "start -> a", "a -> ask", "ask -> end"), files={"free.json": form})
    house.start(variables={"units": ["jb.energy", "hs.drc"]})
    house.complete("a")
    return task_of(house, "ask").id


def test_who_sent_a_countersignature_round_adds_and_takes_out_signers_on_its_page(house: House, person: SignIn) -> None:
    task_id = countersigned(house)
    handler, path = person("jb.handler"), f"/tasks/{task_id}/signers"
    assert f'href="{path}"' in handler.get(f"/tasks/{task_id}").text
    seen = handler.get(path).text
    assert "江北区能源局·经办" in seen and "未轮到" in seen and f'action="{path}/remove"' in seen
    supervisor = f"u:{house.structure.people['jb.supervisor']}"
    refused = handler.post(path, {"holder": supervisor, "reason": ""})
    assert refused.status_code == 422 and "请写明理由" in refused.text and f'value="{supervisor}" checked' in refused.text
    assert handler.post(path, {"holder": supervisor, "reason": "涉及投资"}).status_code == 422  # nobody holds that post there
    with house.database.transaction() as session:
        facts = PersonFacts(username="drc.handler", name="发改经办")
        add_person(session, SYSTEM, facts, [("jb.drc", "handler")], now=house.now)
    assert handler.post(path, {"holder": supervisor, "reason": "涉及投资"}).status_code == 302
    assert handler.get(path).text.count("未轮到") == 2
    assert handler.post(f"{path}/remove", {"turn": "x", "reason": "无关"}).status_code == 422
    assert handler.post(f"{path}/remove", {"turn": "1", "reason": "与其无关"}).status_code == 302
    after = handler.get(path).text
    assert "已减签" in after and after.count("未轮到") == 1
    assert "增加一方" in handler.get(f"/tasks/{task_id}").text
    assert person("hs.handler").get(path).status_code in (403, 404)


def test_a_step_of_one_person_has_no_page_of_signers(house: House, person: SignIn, running: int) -> None:
    task_id = task_of(house, "b").id
    assert person("jb.handler").get(f"/tasks/{task_id}/signers").status_code == 404
    assert f"/tasks/{task_id}/signers" not in person("jb.handler").get(f"/tasks/{task_id}").text


def test_whose_turn_has_not_come_is_taken_out_on_the_page(house: House, person: SignIn, running: int) -> None:
    people = [Asked(f"u:{house.structure.people[one]}") for one in ("jb.supervisor", "jb.admin")]
    task_id = task_of(house, "b").id
    with house.database.transaction() as session:
        asked = RoundAsked(Relation.BEFORE, people, RoundMode.SEQUENCE)
        found = rounds.begin_round(session, house.actor("jb.handler"), task_id, asked, now=house.now)
    handler, path = person("jb.handler"), f"/tasks/rounds/{found.id}/remove"
    assert f'action="{path}"' in handler.get(f"/tasks/{task_id}").text
    assert handler.post(path, {"turn": "1", "back": str(task_id)}).status_code == 302
    html = handler.get(f"/tasks/{task_id}").text
    assert f'action="{path}"' not in html and "未轮到" not in html


def test_who_lost_the_task_while_he_typed_keeps_his_words(house: House, person: SignIn, running: int) -> None:
    handler, task = person("jb.handler"), task_of(house, "b")
    with house.database.transaction() as session:
        facts = PersonFacts(username="colleague", name="能源同事")
        colleague = add_person(session, SYSTEM, facts, [("jb.energy", "registry")], now=house.now).user.id
        asked = TransferAsked(f"u:{colleague}", "人手调整")
        transfers.reassign_task(session, house.actor("jb.supervisor"), task.id, asked, now=house.now)
    answer = handler.post(f"/tasks/{task.id}/complete", {"outcome": "agree", "opinion": "已核对三遍的长意见"})
    assert answer.status_code == 403
    assert "已核对三遍的长意见" in answer.text and "能源同事" in answer.text and "没有提交" in answer.text
