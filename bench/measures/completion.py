"""Completing a user task over HTTP, beside the least that it can cost: thaw, step, freeze and one commit."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from wsgiref.types import StartResponse, WSGIEnvironment

import psutil
import psycopg
from flask.testing import FlaskClient

from tests.api.test_statements import counting
from tests.people import NOW
from workflow_service.app import create_app
from workflow_service.config import Settings
from workflow_service.engine.run import Instance
from workflow_service.services.programs import program_of
from workflow_service.store.runtime import ProcessInstance

from ..figures import Figure, Row, Scale, median, milliseconds, percentile, spread
from ..http import AGREE
from ..installation import HANDLER, Installation, Scene, Served
from ..shares import sampled
from ..work import Staff, deploy_five_tasks, staff_of, together

ELEMENTS = "abcde"
HOW = """One web process (8 threads), embedded PostgreSQL with fsync. Each client starts an instance of A → choice → B →
(C ∥ D) → E, every task with a form, and finishes its five tasks with a bearer token and an Idempotency-Key; only the
completions are timed. The floor is measured in the same run without the service: thaw, step and freeze of the same five
states in memory, and one transaction that updates one instance row. CPU is that of the web process and of the database
server, by psutil; the loop that measures is a third process. Statements are those of one request, sign-in and kept
answer included."""
HINDRANCE = """The floor is the engine and one commit of one row. The rest is Python that carries a request to a statement
and back, spread thin: the rows above give the share of each layer, from samples of the same completions within one
process. Most of it is SQLAlchemy and psycopg for five statements (who calls, the key, the locked rows, the step in one
statement, the answer) and Flask with Werkzeug; the engine is in the floor. The database writes seven tables a step with
their indexes, where the floor writes one row. Three times the floor would leave less than these layers take for a request
that does nothing."""


@dataclass(frozen=True)
class Floor:
    """Seconds of CPU: the engine alone, and one commit on both sides of the socket; and the commit's median duration."""

    engine: float
    commit: float
    commit_took: float

    @property
    def cpu(self) -> float:
        return self.engine + self.commit


@dataclass(frozen=True)
class Run:
    """What some clients measured: seconds a completion, and CPU seconds a completion of web process and database."""

    times: list[float]
    web_cpu: float
    server_cpu: float

    @property
    def cpu(self) -> float:
        return self.web_cpu + self.server_cpu


def measure(installation: Installation, scale: Scale) -> Figure:
    """Measure one and eight clients, and the floor."""
    figure = Figure("completion", "Completing a user task over HTTP", HOW, hindrance=HINDRANCE)
    with installation.scene() as scene:
        deploy_five_tasks(scene)
        floor = floor_of(scene, scale.of(20, 400))
        statements, commits = _statements(scene)
        inside, shares = _within(scene, scale.of(8, 100))
        with scene.run(web=1) as served:
            one = _measured(installation, scene, served, 1, scale.of(8, 100))
            eight = _measured(installation, scene, served, 8, scale.of(3, 40))
    figure.rows = [
        Row("one client, median / p95 / p99", spread(one.times), f"commit alone {milliseconds(floor.commit_took)}",
            median(one.times) / floor.commit_took, "median ≤ 5 ms", median(one.times) <= 0.005),
        Row("eight clients, median / p95 / p99", spread(eight.times), milliseconds(median(one.times)),
            median(eight.times) / median(one.times)),
        Row("CPU a completion, one client", milliseconds(one.cpu), f"floor {milliseconds(floor.cpu)}", one.cpu / floor.cpu,
            "≤ 3 × the floor", one.cpu <= 3 * floor.cpu),
        Row("… of it the web process", milliseconds(one.web_cpu), f"engine {milliseconds(floor.engine)}",
            one.web_cpu / floor.engine),
        *_layers(one.web_cpu, inside, shares),
        Row("… of it the database", milliseconds(one.server_cpu), f"commit {milliseconds(floor.commit)}",
            one.server_cpu / floor.commit),
        Row("CPU a completion, eight clients", milliseconds(eight.cpu), f"floor {milliseconds(floor.cpu)}",
            eight.cpu / floor.cpu),
        Row("statements a completion, the most of A to E", str(statements), "", None, "≤ 10", statements <= 10),
        Row("commits a completion", str(commits), "", None, "1", commits == 1),
        Row("slowest of all", milliseconds(percentile(one.times + eight.times, 100))),
    ]  # fmt: skip
    return figure


def floor_of(scene: Scene, rounds: int) -> Floor:
    """Measure the five steps in memory and one commit."""
    blobs, program = _states(scene)
    began = time.process_time()
    for _round in range(rounds):
        for element, blob in blobs:
            _step(program, element, blob)
    engine = (time.process_time() - began) / rounds / len(blobs)
    commit, took = _commit_cost(scene, rounds, blobs[0][1])
    return Floor(engine, commit, took)


def _states(scene: Scene) -> tuple[list[tuple[str, bytes]], object]:
    """The frozen state before each of the five tasks."""
    instance_id, blobs = scene.house.start(), []
    for element in ELEMENTS:
        with scene.house.database.transaction() as session:
            blobs.append((element, session.get_one(ProcessInstance, instance_id).state))
        scene.house.complete(element)
    with scene.house.database.transaction() as session:
        loaded = program_of(session, session.get_one(ProcessInstance, instance_id).definition_id)
    return blobs, loaded.program


def _step(program: object, element: str, blob: bytes) -> None:
    instance = Instance.thaw(program, blob, "1", NOW)  # type: ignore[arg-type]
    token = next(task.id for task in instance._waiting_tasks() if task.task_spec.bpmn_id == element)
    instance.complete(token, dict(AGREE["values"]))
    instance.collect()
    instance.freeze()


def _commit_cost(scene: Scene, rounds: int, blob: bytes) -> tuple[float, float]:
    """CPU of both sides and the median duration of a transaction that updates one instance row."""
    (instance_id,) = scene.ask("SELECT max(id) FROM process_instance")[0]
    statement = b"UPDATE process_instance SET state = %s, revision = revision + 1 WHERE id = %s"
    times = []
    with psycopg.connect(scene.url.replace("+psycopg", "")) as connection:
        backend = psutil.Process(connection.info.backend_pid)
        began, before = time.process_time(), _cpu(backend)
        for _round in range(rounds * 2):
            start = time.perf_counter()
            connection.execute(statement, [blob, instance_id])
            connection.commit()
            times.append(time.perf_counter() - start)
        used = time.process_time() - began + _cpu(backend) - before
    return used / len(times), median(times)


def _measured(
    installation: Installation, scene: Scene, served: Sequence[Served], clients: int, instances: int
) -> Run:
    """Let so many clients finish so many instances each, after two that warm everything up."""
    staff = staff_of(scene, served, clients)
    for one in staff:
        one.finish(one.start())
        one.finish(one.start())
        one.times.clear()
    started = {id(one): [one.start() for _ in range(instances)] for one in staff}
    web, server = served[0].cpu_seconds, installation.server_cpu_seconds
    together([partial(_finish, one, started[id(one)]) for one in staff])
    times = [took for one in staff for took in one.times]
    web, server = served[0].cpu_seconds - web, installation.server_cpu_seconds - server
    for one in staff:
        one.close()
    return Run(times, web / len(times), server / len(times))


def _finish(staff: Staff, instances: Sequence[int]) -> None:
    for instance_id in instances:
        staff.finish(instance_id)


def _layers(web_cpu: float, inside: float, shares: dict[str, float]) -> list[Row]:
    """What the web process does with its CPU: the layers within a request, and what the HTTP server adds."""
    rows = [
        Row(f"…… {layer}", milliseconds(inside * share), f"{share:.0%} of a request")
        for layer, share in shares.items()
        if layer
    ]
    return [*rows, Row("…… HTTP server and threads", milliseconds(max(0.0, web_cpu - inside)))]


def _within(scene: Scene, instances: int) -> tuple[float, dict[str, float]]:
    """CPU seconds of a completion in the process that asks, without HTTP, and the share of each layer."""
    client, numbers, used = _client(scene), iter(range(10**6)), list[float]()
    serve = client.application.wsgi_app

    def timed(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        began = time.process_time()
        answer = serve(environ, start)
        used.append(time.process_time() - began)
        return answer

    client.application.wsgi_app = timed  # type: ignore[assignment]

    def finish_all(count: int) -> None:
        for instance_id in [scene.house.start() for _ in range(count)]:
            for element in ELEMENTS:
                (task,) = (one for one in scene.house.open(instance_id) if one.element_id == element)
                client.post(f"/api/v1/tasks/{task.id}/complete", json=AGREE, headers=_key(f"within{next(numbers)}"))

    finish_all(2)
    used.clear()
    finish_all(instances)
    cpu = sum(used) / len(used)
    with sampled() as shares:
        finish_all(instances)
    return cpu, shares.parts()


def _client(scene: Scene) -> FlaskClient:
    settings = Settings(database_url=scene.url, secret_key="only-for-the-bench", log_level="error")
    client = create_app(settings, scene.house.database).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {scene.token(HANDLER)}"
    return client


def _key(text: str) -> dict[str, str]:
    return {"Idempotency-Key": text}


def _statements(scene: Scene) -> tuple[int, int]:
    """The most statements and commits that one completion takes, everything being warm."""
    client = _client(scene)
    statements = commits = 0
    for number in range(2):
        instance_id = scene.house.start()
        for element in ELEMENTS:
            task = next(task for task in scene.house.open(instance_id) if task.element_id == element)
            with counting(scene.house.database) as found:
                answer = client.post(
                    f"/api/v1/tasks/{task.id}/complete", json=AGREE, headers=_key(f"{number}{element}")
                )
            assert answer.status_code == 200, answer.text
            if number:
                statements, commits = max(statements, len(found.statements)), max(commits, found.commits)
    return statements, commits


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)
