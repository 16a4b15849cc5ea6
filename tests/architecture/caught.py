"""Small bad sources, given to a rule."""

from textwrap import dedent

from tests.architecture.rules.finding import Rule


def caught(rule: Rule, path: str, source: str) -> list[str]:
    """What the rule says about a source, each as `line: message`."""
    return [f"{found.line}: {found.message}" for found in rule(path, dedent(source).lstrip("\n"))]
