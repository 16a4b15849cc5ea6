"""The rules of the house that ruff and mypy cannot know, as ordinary tests.

Each rule is a function `check(path, source)` in `rules/`. It is tried on small bad sources, so that
it is known to bite, and on the real tree.
"""
