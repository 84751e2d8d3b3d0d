"""The long-running parts of the service and how they end: listener, worker process, scheduler thread."""

import contextlib
import errno
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import waitress.server
from flask import Flask

from workflow_service.startup_error import StartError

LISTEN_BACKLOG = 128
ROOM_FOR_A_REFUSAL = 4  # bodies up to so many times the limit are read, so that the application refuses them in its own words
WORKER_PATIENCE_SECONDS = 10
LOOK_SECONDS = 1.0

log = logging.getLogger(__name__)


@contextlib.contextmanager
def listening_socket(host: str, port: int) -> Iterator[socket.socket]:
    """Take the port before anything else is started. Raises StartError when it is taken."""
    try:
        listener = socket.create_server((host, port), backlog=LISTEN_BACKLOG)
    except OSError as error:
        raise StartError(f"cannot listen on {host}:{port}: {_why(error)}; set PORT to another one") from error
    with listener:
        yield listener


def serve_pages(app: Flask, listener: socket.socket, threads: int) -> None:
    """Answer requests until a signal ends the process; requests that run are finished first."""
    server = waitress.server.create_server(
        app,
        sockets=[listener],
        threads=threads,
        ident=None,
        max_request_body_size=ROOM_FOR_A_REFUSAL * app.config["MAX_CONTENT_LENGTH"],
    )
    try:
        server.run()
    finally:
        ignore_signals()
        server.close()


def run_until_signal(work: Callable[[], None], stop: threading.Event) -> None:
    """Run `work`, which returns once `stop` is set; SIGTERM and Ctrl-C set it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    work()


def ignore_signals() -> None:
    """A second Ctrl-C must not interrupt an orderly end."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def in_background(name: str, work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run `work(stop)` in a thread for the time of the block; it is started again if it fails."""
    stop = threading.Event()

    def keep_working() -> None:
        while not stop.is_set():
            try:
                work(stop)
            except Exception:
                log.exception("%s failed and is started again", name)
            stop.wait(LOOK_SECONDS)

    thread = threading.Thread(target=keep_working, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(WORKER_PATIENCE_SECONDS)


@contextlib.contextmanager
def worker_process(database_name: str | None) -> Iterator[None]:
    """Run `workflow worker` beside us, on the same database whatever is chosen meanwhile.

    It ends when we do, even by `kill -9`, because its input then ends.
    """
    with in_background("worker", lambda stop: _keep_a_worker(stop, database_name)):
        yield


def _keep_a_worker(stop: threading.Event, database_name: str | None) -> None:
    command = [sys.executable, "-m", "workflow_service.cli", "worker", "--until-input-ends"]
    environment = os.environ | ({"TONGCHOU_DATABASE": database_name} if database_name else {})
    child = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, env=environment)
    while child.poll() is None and not stop.wait(0.2):
        pass
    if child.poll() is not None and not stop.is_set():
        log.error("the worker ended with code %s and is started again", child.returncode)
        return
    child.terminate()
    try:
        child.wait(WORKER_PATIENCE_SECONDS - 1)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _why(error: OSError) -> str:
    return "the port is taken" if error.errno == errno.EADDRINUSE else (error.strerror or str(error))
