"""The rules of the house, on the real tree."""

from collections.abc import Iterable

import pytest

from tests.architecture import tree
from tests.architecture.rules import (
    circles,
    docstrings,
    errors,
    floors,
    logs,
    places,
    printing,
    purity,
    size,
    units,
)
from tests.architecture.rules.finding import Rule


def judge(rule: Rule, files: Iterable[tuple[str, str]]) -> None:
    """Fail with every finding at once, each with its file, line and remedy."""
    findings = [str(finding) for path, source in files for finding in rule(path, source)]
    if findings:
        pytest.fail("\n".join(findings), pytrace=False)


def test_imports_go_down_only() -> None:
    judge(floors.check, tree.python())


def test_no_imports_go_in_a_circle() -> None:
    findings = [str(finding) for finding in circles.check(tree.python())]
    if findings:
        pytest.fail("\n".join(findings), pytrace=False)


def test_protocol_and_domain_have_no_sockets_and_no_clock() -> None:
    judge(purity.check, tree.python())


def test_files_and_functions_are_short() -> None:
    judge(size.check, tree.python())


def test_public_numbers_say_their_unit() -> None:
    judge(units.check, tree.python())


def test_no_error_is_swallowed() -> None:
    judge(errors.check, tree.python())


def test_log_lines_tell_the_ids_of_stations_in_fields() -> None:
    judge(logs.check, tree.python())


def test_every_module_says_what_it_is() -> None:
    judge(docstrings.check, tree.python())


def test_only_the_command_line_prints() -> None:
    judge(printing.check, tree.python())


def test_no_file_names_a_machine_or_a_registry() -> None:
    judge(places.check, tree.texts().items())


def test_the_tree_is_seen() -> None:
    """A rule that is given no files would hold for ever."""
    assert "src/chargeplane/__init__.py" in dict(tree.python())
    assert "pyproject.toml" in tree.texts()
