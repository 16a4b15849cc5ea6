"""The audit of dependencies, against a server of this machine that answers as OSV does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.cli.calling import free_port
from tools.audit_dependencies import Found, Unreachable, ask, main
from tools.sbom import LOCK, Package, packages

OLD = Package("jinja2", "2.4.1", (), "BSD")
NEW = Package("msgspec", "0.19.0", (), "BSD")
# In the form that the service documents for two such questions.
RECORDED = {
    "results": [
        {
            "vulns": [
                {"id": "PYSEC-2019-217", "modified": "2026-01-02T03:04:05Z"},
                {"id": "GHSA-462w-v97r-4m45", "modified": "2026-01-02T03:04:05Z"},
            ]
        },
        {},
    ]
}


@contextmanager
def service(answer: Any, status: int = 200) -> Iterator[tuple[str, list[Any]]]:
    """A server with one answer; its address, and what it was asked."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/querybatch", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_vulnerable_package_is_named_with_what_is_published() -> None:
    with service(RECORDED) as (address, asked):
        found = ask([OLD, NEW], address)
    assert found == [Found("jinja2", "2.4.1", ("GHSA-462w-v97r-4m45", "PYSEC-2019-217"))]
    assert asked[0]["queries"][0] == {
        "package": {"name": "jinja2", "ecosystem": "PyPI"},
        "version": "2.4.1",
    }


@pytest.mark.parametrize(
    ("answer", "status"),
    [(RECORDED, 503), (b"<html>", 200), ({"results": []}, 200), ({}, 200), ({"results": 1}, 200)],
    ids=["503", "html", "too few", "none", "nonsense"],
)
def test_an_answer_that_says_nothing_is_no_answer(answer: Any, status: int) -> None:
    with service(answer, status) as (address, _), pytest.raises(Unreachable):
        ask([OLD, NEW], address)


def test_the_check_goes_on_without_an_answer_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/"
    assert main(["--service", nobody]) == 0
    assert "were not audited" in capsys.readouterr().err
    assert main(["--service", nobody, "--strict"]) == 1


def test_the_check_fails_for_a_vulnerable_package_of_the_lock(
    capsys: pytest.CaptureFixture[str],
) -> None:
    locked = [*packages(LOCK.read_text(encoding="utf-8"))]
    clean: list[Any] = [{} for _ in locked]
    with service({"results": clean}) as (address, _):
        assert main(["--service", address]) == 0
    bad = [RECORDED["results"][0], *clean[1:]]
    with service({"results": bad}) as (address, _):
        assert main(["--service", address]) == 1
    assert f"{locked[0].name} {locked[0].version}: GHSA-462w" in capsys.readouterr().err
