"""Log lines: one JSON object each, with what they are about."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from chargeplane.runtime.settings import LogFormat
from chargeplane.runtime.telemetry import configure
from chargeplane.runtime.telemetry.logs import VALUE_CHARACTERS_MAX


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def lines() -> io.StringIO:
    stream = io.StringIO()
    configure(LogFormat.JSON, stream)
    return stream


def read(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_of_the_standard_library_is_one_json_object(lines: io.StringIO) -> None:
    logging.getLogger("chargeplane.links").warning("closed %s", "CP1", extra={"code": 1006})
    (line,) = read(lines)
    assert line["event"] == "closed CP1"
    assert line["level"] == "warning"
    assert line["logger"] == "chargeplane.links"
    assert line["code"] == 1006
    assert line["timestamp"].endswith("Z")


def test_a_line_of_structlog_looks_the_same(lines: io.StringIO) -> None:
    structlog.get_logger("chargeplane.csms").info("booted", vendor="ACME")
    (line,) = read(lines)
    assert (line["event"], line["vendor"], line["level"]) == ("booted", "ACME", "info")


def test_a_station_cannot_forge_a_line(lines: io.StringIO) -> None:
    logging.getLogger("x").info("id %s", 'CP1\n{"event": "all is well"}')
    (line,) = read(lines)
    assert "all is well" in line["event"]


def test_an_error_is_one_line_with_its_trace(lines: io.StringIO) -> None:
    try:
        raise ValueError("odd")
    except ValueError:
        logging.getLogger("x").exception("failed")
    (line,) = read(lines)
    assert line["exception"][0]["exc_type"] == "ValueError"
    assert line["exception"][0]["exc_value"] == "odd"


@pytest.mark.parametrize("form", [LogFormat.JSON, LogFormat.PRETTY])
def test_the_trace_of_an_error_shows_no_local_variables(form: LogFormat) -> None:
    stream = io.StringIO()
    configure(form, stream)

    def log_in(secret: str) -> None:
        raise ValueError(f"{len(secret)} characters")

    try:
        log_in("hunter" + "2")
    except ValueError:
        logging.getLogger("x").exception("failed")
    assert "7 characters" in stream.getvalue()
    assert "log_in" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


def test_a_long_value_is_cut(lines: io.StringIO) -> None:
    logging.getLogger("x").info("y", extra={"station_id": "x" * (VALUE_CHARACTERS_MAX + 1)})
    (line,) = read(lines)
    assert line["station_id"].endswith(f"... ({VALUE_CHARACTERS_MAX + 1} characters)")


def test_the_chatter_of_libraries_stays_out(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Started server process")
    logging.getLogger("alembic.runtime.migration").info("Context impl")
    logging.getLogger("uvicorn.error").warning("trouble")
    assert [line["event"] for line in read(lines)] == ["trouble"]


def test_a_pretty_line_says_first_what_was_named_first() -> None:
    pretty = io.StringIO()
    configure(LogFormat.PRETTY, pretty)
    structlog.get_logger("chargeplane.test").info("hello", station_id="CP1", epoch=1)
    line = pretty.getvalue()
    assert 0 < line.index("station_id=CP1") < line.index("epoch=1")


def test_pretty_lines_are_for_people_and_auto_is_json_without_a_terminal() -> None:
    pretty, auto = io.StringIO(), io.StringIO()
    configure(LogFormat.PRETTY, pretty)
    logging.getLogger("x").info("hello")
    configure(LogFormat.AUTO, auto)
    logging.getLogger("x").info("hello")
    assert "hello" in pretty.getvalue()
    assert not pretty.getvalue().startswith("{")
    assert read(auto)[0]["event"] == "hello"
