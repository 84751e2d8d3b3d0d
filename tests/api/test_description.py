"""The OpenAPI document, what it promises held against the service by schemathesis, and the page that shows it."""

import re
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import checks

from tests.api.callers import ApiHouse
from tests.people import SYSTEM
from workflow_service.services.people import PersonFacts, add_person

DOCUMENT = "/api/v1/openapi.json"
EXAMPLES = 6
BOUNDED = hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
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
        "attachments",
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
def test_the_service_answers_as_described(api: ApiHouse) -> None:
    api.deploy_five_tasks()
    api.house.start()
    with api.house.database.transaction() as session:
        facts = PersonFacts(username="jb.all", name="区发展改革局·各岗")
        posts = [("jb.drc", post) for post in ("admin", "designer", "supervisor")] + [("jb.energy", "handler")]
        add_person(session, SYSTEM, facts, posts, now=api.house.now, password_hash="-", constructed=True)
    headers = {"Authorization": f"Bearer {api.token('jb.all')}"}
    schema = schemathesis.openapi.from_wsgi(DOCUMENT, api.app)
    failures: list[str] = []
    for result in schema.get_all_operations():
        operation = result.ok()

        @hypothesis.seed(20251124)
        @BOUNDED
        @hypothesis.given(case=operation.as_strategy())
        def try_it(case: Any) -> None:
            case.call_and_validate(
                headers=headers,
                checks=[
                    checks.not_a_server_error,
                    checks.status_code_conformance,
                    checks.content_type_conformance,
                    checks.response_schema_conformance,
                ],
            )

        try:
            try_it()
        except Exception as error:
            failures.append(f"{operation.label}: {error}"[:1500])
    assert not failures, "\n\n".join(failures)


def test_the_page_shows_it_from_our_own_files(api: ApiHouse) -> None:
    page = api.app.test_client().get("/api/v1/docs").get_data(as_text=True)
    assert f'data-openapi="{DOCUMENT}"' in page
    assert "//" not in re.sub(r"<!--.*?-->", "", page).replace("https://www.w3.org", "")
