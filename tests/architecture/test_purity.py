"""The rule against sockets and clocks bites."""

import pytest

from tests.architecture.caught import caught
from tests.architecture.rules import purity

PEER = "src/chargeplane/ocpp/peer.py"


@pytest.mark.parametrize(
    ("statement", "module"),
    [
        ("import socket", "socket"),
        ("import os, ssl", "ssl"),
        ("import asyncio.subprocess", "asyncio"),
        ("from asyncio import Queue", "asyncio"),
        ("from threading import Lock", "threading"),
        ("from time import monotonic", "time"),
        ("from urllib import request", "urllib.request"),
    ],
)
@pytest.mark.parametrize("path", [PEER, "src/chargeplane/domain/ids.py"])
def test_a_module_of_the_outer_world_is_caught(path: str, statement: str, module: str) -> None:
    (message,) = caught(purity.check, path, statement)
    assert message.startswith(f"1: imports {module};")


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import UTC, datetime\nx = datetime.now(UTC)",
        "import datetime as dt\nx = dt.datetime.utcnow()",
        "import datetime\nx = datetime.date.today()",
        "from datetime import datetime as Moment\nx = Moment.now()",
        "from datetime import datetime\nclock = datetime.now",
    ],
)
def test_a_look_at_the_clock_is_caught(source: str) -> None:
    (message,) = caught(purity.check, PEER, source)
    assert message.startswith("2: ")
    assert "take `now` as an argument" in message


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\nx = datetime.fromisoformat(text)",
        "from urllib.parse import quote",
        "def receive(text: str, now: float) -> None:\n    now = now\n",
        "from chargeplane.ocpp import time",
        "from . import time",
    ],
)
def test_dates_as_values_are_fine(source: str) -> None:
    assert not caught(purity.check, PEER, source)


def test_the_runtime_may_do_all_that() -> None:
    assert not caught(purity.check, "src/chargeplane/runtime/clock.py", "import time, asyncio")
