"""The rules of docstrings, printing and places bite."""

import pytest

from tests.architecture.caught import caught
from tests.architecture.rules import docstrings, places, printing

SRC = "src/chargeplane"


@pytest.mark.parametrize("source", ["", "import os\n", '"""  """\n'])
def test_a_module_that_does_not_say_what_it_is_is_caught(source: str) -> None:
    (message,) = caught(docstrings.check, f"{SRC}/csms/__init__.py", source)
    assert message.startswith("1: no docstring")


def test_a_module_that_says_what_it_is_is_fine() -> None:
    assert not caught(docstrings.check, f"{SRC}/csms/__init__.py", '"""The central system."""')


def test_print_is_for_the_command_line() -> None:
    (message,) = caught(printing.check, f"{SRC}/ocpp/peer.py", "x = 1\nprint(x)\n")
    assert message.startswith("2: print() outside cli/")
    assert not caught(printing.check, f"{SRC}/cli/main.py", "print(1)\n")
    assert not caught(printing.check, f"{SRC}/ocpp/peer.py", "console.print(1)\n")


@pytest.mark.parametrize("folder", places.FOLDERS)
def test_a_machine_path_is_caught(folder: str) -> None:
    (message,) = caught(places.check, "docs/index.md", f"Words.\nRun `/{folder}/me/x`.\n")
    assert message.startswith(f"2: /{folder}/ exists on one machine")


@pytest.mark.parametrize("folder", places.FOLDERS)
def test_a_folder_of_that_name_inside_the_project_is_fine(folder: str) -> None:
    assert not caught(places.check, "docs/index.md", f"docs/{folder}/x and ./{folder}/x\n")


@pytest.mark.parametrize("host", ["".join(parts) for parts in places.HOSTS])
def test_the_host_of_a_registry_is_caught(host: str) -> None:
    (message,) = caught(places.check, "package-lock.json", f'"resolved": "https://{host}/x"\n')
    assert f"{host} is a registry's host" in message
