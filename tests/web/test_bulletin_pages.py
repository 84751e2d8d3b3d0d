"""A bulletin read on its page with charts and what came of the former one; templates seen, edited and taken back."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from sqlalchemy import select

from tests.documents.test_templates import template_of
from tests.services.house import House
from tests.web.conftest import Person
from tests.web.test_pages import plan_of
from workflow_service.documents.templates import text_of
from workflow_service.services import bulletins
from workflow_service.services.context import Actor
from workflow_service.store import notice_list
from workflow_service.store.people import Unit

SignIn = Callable[[str], Person]
SYSTEM = Actor.system("cli")


def bulletin_of(house: House, period: str, *, ask: str = "", scope: str = "") -> int:
    with house.database.transaction() as session:
        made = bulletins.draft_bulletin(session, "330205", period, scope=scope, now=house.now)
        asks = [{"unit": "jb.energy", "what": ask, "until": "2025-11-14"}] if ask else []
        bulletins.release_bulletin(session, SYSTEM, made, text="请加快办理。", asks=asks, now=house.now)
        return made.id


def test_the_page_has_text_tables_charts_and_what_came_of_the_former_bulletin(house: House, person: SignIn) -> None:
    plan_of(house)
    first = bulletin_of(house, "2025-11-D1", ask="报送送审稿")
    second = bulletin_of(house, "2025-11-D2")
    reader = person("jb.handler")
    page = reader.get(f"/bulletins/{second}").text
    assert "请加快办理。" in page and "<svg xmlns" in page and "各旬末累计印发情况" in page
    assert "上期要求落实情况" in page and "报送送审稿" in page and f'href="/bulletins/{first}"' in page
    assert "发布并归档" in page and "2025年第2期" in page
    signed = page.split('class="paper-signature"')[1].split("</article>")[0]
    assert "江北区发展和改革局" in signed and "报：政府领导" in signed and "发：各有关单位" in signed
    assert "下一步要求" in reader.get(f"/bulletins/{first}").text
    assert "逾期由" in text_of(reader.get(f"/bulletins/{second}.docx").data)


def test_lists_of_bulletins_go_on_where_a_page_ended_though_an_old_period_came_late(house: House) -> None:
    plan_of(house)
    for period in ("2025-11-D1", "2025-11-D2", "2025-10-D3"):  # the oldest period was drafted last
        bulletin_of(house, period)
    with house.database.transaction() as session:
        shown, after = [], None
        while page := notice_list.bulletins(session, None, drafts=True, after=after, limit=1):
            shown.append(page[0].period)
            after = page[0].id
    assert shown == ["2025-11-D2", "2025-11-D1", "2025-10-D3"]


def test_templates_are_listed_with_fields_and_a_filled_example(house: House, person: SignIn) -> None:
    page = person("jb.supervisor").get("/templates/weekly").text
    assert "系统自带" in page and "line.progress" in page and "示例规划一" in page and "检查并启用" not in page
    assert person("jb.supervisor").get("/templates/nothing").status_code == 404
    assert person("jb.handler").get("/templates").status_code == 403


def test_a_template_is_uploaded_with_its_faults_named_and_taken_back(house: House, person: SignIn) -> None:
    keeper = person("zj.admin")
    address = "/templates/weekly"

    def send(content: bytes) -> Any:
        return keeper.post(address, {"file": (BytesIO(content), "周.docx")}, seen=address, content_type="multipart/form-data")

    refused = send(template_of("{{ titel }}"))
    assert refused.status_code == 422 and "titel" in refused.text
    assert send(template_of("本局台账 {{ late }}")).status_code == 302
    page = keeper.get(address).text
    assert "自己上传" in page and "周.docx" in page and "本局台账 丙局。" in page
    assert text_of(keeper.get(f"{address}/current.docx").data) == "本局台账 {{ late }}"
    assert text_of(keeper.get(f"{address}/example.docx").data) == "本局台账 丙局。"
    keeper.post(f"{address}/delivered", seen=address)
    assert "系统自带" in keeper.get(address).text
    assert keeper.post(f"{address}/delivered", seen=address).status_code == 409
    assert "{{ plans" not in text_of(keeper.get(f"{address}/current.docx").data)


def test_lists_and_pages_name_the_unit_or_route_that_a_bulletin_is_about(house: House, person: SignIn) -> None:
    plan_of(house)
    whole = bulletin_of(house, "2025-11-D1")
    unit = bulletin_of(house, "2025-11-D1", scope="unit:jb.energy")
    route = bulletin_of(house, "2025-11-D1", scope="route:filing")
    reader = person("jb.handler")
    index = reader.get("/bulletins").text
    lines = {number: index.split(f'href="/bulletins/{number}"')[1].split("</tr>")[0] for number in (whole, unit, route)}
    assert "全部规划" in lines[whole] and "第1期" in lines[whole]
    assert "2025年11月上旬 · 江北区能源局" in lines[unit] and "只讲 江北区能源局 的规划" in lines[unit] and "第2期" in lines[unit]
    assert "2025年11月上旬 · 备案" in lines[route]
    page = reader.get(f"/bulletins/{unit}").text
    assert "<h1>关于2025年11月上旬江北区能源局规划编制进展情况的通报</h1>" in page and "发：江北区能源局" in page


def test_a_circular_s_page_has_red_head_document_number_addressee_and_copies(house: House, person: SignIn) -> None:
    plan_of(house)
    briefing = bulletin_of(house, "2025-11-D1")
    with house.database.transaction() as session:
        session.scalars(select(Unit).where(Unit.code == "jb.drc")).one().document_prefix = "北区发改"
        draft = bulletins.draft_bulletin(session, "330205", "2025-11-D3", now=house.now).id
    keeper, address = person("zj.admin"), "/rhythms/ten_day"
    assert 'value="briefing" checked' in keeper.get(address).text
    fields = {"starts_at": "09:00", "role": "supervisor", "form": "circular"}
    assert keeper.post(address, fields, seen=address).status_code == 302
    page = keeper.get(address).text
    assert 'value="circular" checked' in page and 'href="/templates/circular"' in page
    assert keeper.post(address, fields | {"form": "letter"}, seen=address).status_code == 422
    circular = bulletin_of(house, "2025-11-D2")
    reader = person("jb.handler")
    page = reader.get(f"/bulletins/{circular}").text
    number, head = "北区发改通报〔2025〕1号", "江北区发展和改革局文件"
    assert all(words in page for words in (number, head, "各有关单位：", "工作进展情况通报如下。", "抄送：江北区人民政府"))
    assert "报：政府领导" not in page and "北区发改通报〔2025〕1号" in reader.get("/bulletins").text
    assert "抄送：江北区人民政府" in text_of(reader.get(f"/bulletins/{circular}.docx").data)
    kept = reader.get(f"/bulletins/{briefing}").text
    assert "规划编制工作简报" in kept and "报：政府领导" in kept and "抄送" not in kept
    page = person("jb.supervisor").get(f"/bulletins/{draft}").text
    assert "将以“通报（公文）”的形式发布" in page and "江北区发展和改革局文件" in page and "（送审稿）" in page


def test_the_templates_of_both_forms_are_offered_with_a_filled_example(house: House, person: SignIn) -> None:
    keeper = person("zj.admin")
    briefing, circular = (keeper.get(address).text for address in ("/templates", "/templates/circular"))
    assert 'href="/templates/circular"' in briefing and "旬通报（公文）" in briefing and "2021年第18期" in briefing
    assert "某发改通报〔2021〕18号" in circular and "抄送：某市人民政府" in circular and "某市发展和改革委员会文件" in circular
    assert "{{ addressee }}" in text_of(keeper.get("/templates/circular/current.docx").data)
