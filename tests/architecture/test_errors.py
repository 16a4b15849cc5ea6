"""The rule of errors bites."""

import pytest

from tests.architecture.caught import caught
from tests.architecture.rules import errors

PATH = "src/chargeplane/runtime/links.py"


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        ("except:\n    raise", "bare except"),
        ("except Exception:\n    raise", "hides bugs"),
        ("except (OSError, BaseException) as error:\n    log(error)", "hides bugs"),
        ("except builtins.Exception:\n    raise", "hides bugs"),
        ("except* Exception:\n    raise", "hides bugs"),
        ("except OSError:\n    pass", "dropped"),
    ],
)
def test_a_handler_that_hides_errors_is_caught(handler: str, said: str) -> None:
    (message,) = caught(errors.check, PATH, f"try:\n    work()\n{handler}\n")
    assert message.startswith("3: ")
    assert said in message


def test_a_broad_suppress_is_caught() -> None:
    (message,) = caught(errors.check, PATH, "with contextlib.suppress(Exception):\n    work()\n")
    assert "suppress names the errors" in message


def test_a_handler_that_names_its_error_and_acts_is_fine() -> None:
    source = "try:\n    work()\nexcept (OSError, ValueError) as error:\n    answer(error)\n"
    assert not caught(errors.check, PATH, source)


def test_the_outermost_loop_outlives_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "OUTERMOST", {PATH})
    source = "try:\n    work()\nexcept Exception as error:\n    log(error)\n"
    assert not caught(errors.check, PATH, source)
