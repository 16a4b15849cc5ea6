"""The rule of sizes bites, one line past the bound."""

import pytest

from tests.architecture.caught import caught
from tests.architecture.rules import size


def function(lines: int) -> str:
    return "def long() -> None:\n" + "    ...\n" * (lines - 1)


def test_a_file_of_501_lines_is_caught() -> None:
    (message,) = caught(size.check, "src/chargeplane/ocpp/soap.py", "x = 1\n" * 501)
    assert message.startswith("501: the file has 501 lines")


def test_a_function_of_71_lines_is_caught() -> None:
    (message,) = caught(size.check, "tests/ocpp/test_soap.py", function(71))
    assert message.startswith("1: long has 71 lines")


def test_the_bounds_themselves_are_fine() -> None:
    assert not caught(size.check, "src/chargeplane/ocpp/soap.py", "x = 1\n" * 430 + function(70))


@pytest.mark.parametrize("path", ["src/chargeplane/ocpp/v21/types.py", "tests/ocpp/data/golden.py"])
def test_generated_code_and_data_may_be_long(path: str) -> None:
    assert not caught(size.check, path, "x = 1\n" * 501)
