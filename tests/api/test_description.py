"""The OpenAPI document, what it promises held against the service by schemathesis, and the page that shows it."""

import re
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode, checks

from tests.api.callers import ApiHouse
from tests.people import SYSTEM
from workflow_service.services import pauses
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.web.words import PAUSES

DOCUMENT = "/api/v1/openapi.json"
EXAMPLES = 5
BOUNDED = hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
KNOWN = {"get", "put", "post", "delete"}


@pytest.fixture
def document(api: ApiHouse) -> dict[str, Any]:
    return dict(api.app.test_client().get(DOCUMENT).get_json())


def test_it_is_openapi_3_1_with_every_noun(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    nouns = {path.split("/")[3] for path in document["paths"]}
    assert nouns >= {
        "deployments", "process-definitions", "process-instances", "tasks", "messages", "signals", "incidents", "decisions",
        "plans", "catalogues", "meetings", "ledger", "bulletins", "notices", "reminders", "users", "units", "tokens", "me",
        "attachments", "route-times", "forecasts",
    }  # fmt: skip


def test_every_address_of_the_interface_is_described(api: ApiHouse, document: dict[str, Any]) -> None:
    described = {(path, method) for path, operations in document["paths"].items() for method in operations}
    rules = [rule for rule in api.app.url_map.iter_rules() if rule.endpoint.startswith("api.")]
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in rules
        for method in rule.methods or ()
        if method.lower() in KNOWN
    }
    assert served == described


def test_why_a_clock_stands_names_every_reason(document: dict[str, Any]) -> None:
    shapes = document["components"]["schemas"]
    for shape in ("TaskLine", "TaskShown"):
        told = shapes[shape]["properties"]["paused_for"]["description"]
        assert {one for one in PAUSES if one in told} == {pauses.SUSPENDED, pauses.ANSWER}, shape


def test_every_operation_says_what_it_does_and_how_it_refuses(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (path, method)
            assert "application/problem+json" in operation["responses"]["default"]["content"]
            parameters = {parameter["name"] for parameter in operation["parameters"]}
            assert ("Idempotency-Key" in parameters) == (method == "post"), (path, method)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    names = set(re.findall(r"'#/components/schemas/([^']+)'", str(document)))
    assert names <= set(document["components"]["schemas"])


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_service_answers_as_described(api: ApiHouse, mode: GenerationMode) -> None:
    api.deploy_five_tasks()
    api.house.start()
    headers = {"Authorization": f"Bearer {token_of_many_posts(api)}"}
    schema = schemathesis.openapi.from_wsgi(DOCUMENT, api.app)
    failures = [failure for found in schema.get_all_operations() if (failure := tried(found.ok(), mode, headers))]
    assert not failures, "\n\n".join(failures)


def tried(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> str:
    """Call an operation with generated requests; gives what was not as described."""

    @hypothesis.seed(20251124)
    @BOUNDED
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    try:
        call()
    except (Exception, BaseExceptionGroup) as error:
        return f"{operation.label}: {error}"[:1500]
    return ""


def token_of_many_posts(api: ApiHouse) -> str:
    with api.house.database.transaction() as session:
        facts = PersonFacts(username="jb.all", name="区发展改革局·各岗")
        posts = [("jb.drc", post) for post in ("admin", "designer", "supervisor")] + [("jb.energy", "handler")]
        add_person(session, SYSTEM, facts, posts, now=api.house.now, password_hash="-", constructed=True)
    return api.token("jb.all")


def test_the_page_shows_it_from_our_own_files(api: ApiHouse) -> None:
    page = api.app.test_client().get("/api/v1/docs").get_data(as_text=True)
    assert f'data-openapi="{DOCUMENT}"' in page
    assert "//" not in re.sub(r"<!--.*?-->", "", page).replace("https://www.w3.org", "")
