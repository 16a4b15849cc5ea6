"""Strings, numbers and words of a JSON text that need not be right; the eyes of ``text``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from chargeplane.ocpp.tolerance.repair import Repair

__all__ = ["BrokenError", "Lexeme", "Notes", "read_string", "read_word"]

WORD_LENGTH_MAX = 64
RESCANS_MAX = 8
EXCERPT_LENGTH_MAX = 60

_RUN = {quote: re.compile(rf"[^{quote}\"\\\x00-\x1f]*") for quote in "\"'"}
_AFTER_STRING = re.compile(r"[\x00-\x20\x7f-\xa0\ufeff]*(?:[,:\]}]|\Z)")
_SPACED_QUOTE = re.compile(r"[ \t\n\r]+[\"']")
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_LOW = re.compile(r"\\u[dD][c-fC-F][0-9a-fA-F]{2}")

_WORD = re.compile(r"[^\s,:\[\]{}\"'\x00-\x1f\x7f-\xa0\ufeff]+")
_TEXT_WORD = re.compile(r"[\w.+#/@$*-]+")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_LOOSE = re.compile(r"([-+]?)(0|[1-9]\d*)?(?:\.(\d*))?((?:[eE][-+]?\d+)?)", re.ASCII)
_NOT_A_NUMBER = re.compile(r"[-+]?(?:nan|inf|infinity)", re.IGNORECASE)
_LITERALS = {
    "true": "true",
    "false": "false",
    "null": "null",
    "none": "null",
    "nil": "null",
    "undefined": "null",
}


class BrokenError(Exception):
    """The text cannot be repaired, or not with the repairs that are allowed."""


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A scalar as JSON text, or None if the end of the text cut it off."""

    text: str | None
    end: int


class Notes:
    """The repairs of one text: the first of each name."""

    def __init__(self, text: str, allows: Callable[[str], bool]) -> None:
        self.text = text
        self.repairs: dict[str, Repair] = {}
        self.rescans = 0
        self._allows = allows

    def add(self, name: str, at: int, after: str) -> None:
        """A repair at a place of the text.

        Raises:
            BrokenError: it is not allowed.
        """
        if name in self.repairs:
            return
        if not self._allows(name):
            raise BrokenError(name)
        start = max(0, at - EXCERPT_LENGTH_MAX // 2)
        excerpt = self.text[start : start + EXCERPT_LENGTH_MAX]
        self.repairs[name] = Repair(name, "", excerpt, after)


def read_string(text: str, at: int, notes: Notes) -> Lexeme:
    """The string that begins with the quote at ``at``, in double quotes."""
    quote, before = text[at], dict(notes.repairs)
    lexeme, hidden_end = _string(text, at, quote, notes, len(text))
    if lexeme.text is None and hidden_end is not None and notes.rescans < RESCANS_MAX:
        # A backslash hid the quote that ends the string, so that it ran on to the end of the text.
        notes.rescans += 1
        notes.repairs = before
        notes.add("bad-escape", hidden_end, "")
        lexeme, _ = _string(text, at, quote, notes, hidden_end)
        return Lexeme(lexeme.text, hidden_end + 2)
    if quote == "'" and lexeme.text is not None:
        notes.add("single-quotes", at, '"')
    return lexeme


def _string(text: str, at: int, quote: str, notes: Notes, end: int) -> tuple[Lexeme, int | None]:
    """Read up to the closing quote, or to ``end``, which closes the string unless the text ends.

    Also returns the first place where a backslash may have hidden the closing quote.
    """
    parts, here, hidden_end, guessed = ['"'], at + 1, None, False
    while True:
        run = _RUN[quote].match(text, here, end)
        assert run is not None
        parts.append(run[0])
        here = run.end()
        if here >= end:
            if guessed and hidden_end is None and end == len(text):
                raise BrokenError(f"no end of the string at {at}")
            whole = "".join([*parts, '"']) if end < len(text) else None
            return Lexeme(whole, end), hidden_end
        char = text[here]
        if char == quote and _ends_string(text, here + 1):
            return Lexeme("".join([*parts, '"']), here + 1), hidden_end
        if char == "\\":
            if hidden_end is None and text.startswith(quote, here + 1):
                hidden_end = here if _AFTER_STRING.match(text, here + 2) else None
            escape, here = _escape(text, here, quote, notes)
            parts.append(escape)
        elif char in "\"'":
            if char == quote:
                if hidden_end is not None:
                    return Lexeme(None, end), hidden_end
                guessed = True
                notes.add("unescaped-quote", here, f"\\{char}")
            parts.append('\\"' if char == '"' else char)
            here += 1
        else:
            notes.add("control-character", here, f"\\u{ord(char):04x}")
            parts.append(f"\\u{ord(char):04x}")
            here += 1


def _ends_string(text: str, after: int) -> bool:
    return bool(_AFTER_STRING.match(text, after) or _SPACED_QUOTE.match(text, after))


def _escape(text: str, at: int, quote: str, notes: Notes) -> tuple[str, int]:
    if quote == "'" and text.startswith("'", at + 1):
        return "'", at + 2
    found = _ESCAPE.match(text, at)
    if found is None:
        notes.add("bad-escape", at, "\\\\")
        return "\\\\", at + 1
    escape = found[0]
    if escape[1] != "u" or not 0xD800 <= int(escape[2:], 16) <= 0xDFFF:
        return escape, found.end()
    low = _LOW.match(text, found.end()) if int(escape[2:], 16) < 0xDC00 else None
    if low is None:
        notes.add("invalid-unicode", at, "\ufffd")
        return "\\ufffd", found.end()
    return escape + low[0], low.end()


def read_word(text: str, at: int, notes: Notes, *, as_name: bool) -> Lexeme:
    """The number, literal or bare word that begins at ``at``."""
    found = _WORD.match(text, at)
    if found is None:
        raise BrokenError(f"no value at {at}")
    word, end = found[0], found.end()
    if end == len(text):
        return Lexeme(None, end)
    if as_name:
        return Lexeme(_quoted(word, at, notes), end)
    if _NUMBER.fullmatch(word):
        if len(word) > WORD_LENGTH_MAX or float(word) in (float("inf"), float("-inf")):
            notes.add("number-spelling", at, "null")
            word = "null"
    elif word.lower() in _LITERALS:
        literal = _LITERALS[word.lower()]
        if literal != word:
            notes.add("literal-spelling", at, literal)
        word = literal
    elif _NOT_A_NUMBER.fullmatch(word):
        notes.add("not-a-number", at, "null")
        word = "null"
    elif (loose := _LOOSE.fullmatch(word)) and (loose[2] or loose[3]):
        sign = "-" if loose[1] == "-" else ""
        word = f"{sign}{loose[2] or '0'}.{loose[3] or '0'}{loose[4]}".removesuffix(".0")
        notes.add("number-spelling", at, word)
    else:
        word = _quoted(word, at, notes)
    return Lexeme(word, end)


def _quoted(word: str, at: int, notes: Notes) -> str:
    if len(word) > WORD_LENGTH_MAX or not _TEXT_WORD.fullmatch(word):
        raise BrokenError(f"neither value nor name at {at}")
    notes.add("unquoted-text", at, f'"{word}"')
    return f'"{word}"'
