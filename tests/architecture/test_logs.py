"""The rule of log lines bites."""

import pytest

from tests.architecture.caught import caught
from tests.architecture.rules import logs

PATH = "src/chargeplane/csms/gateway/desk.py"


@pytest.mark.parametrize("noun", ["station", "transaction"])
def test_an_id_in_the_text_of_a_line_is_caught(noun: str) -> None:
    (message,) = caught(logs.check, PATH, f'_log.info("the {noun} %s waits", each.id)')
    assert f"1: tell it in a field: extra={{'{noun}_id'" in message


def test_an_id_in_a_field_is_fine() -> None:
    assert not caught(logs.check, PATH, '_log.info("it waits", extra={"station_id": "CP1"})')
