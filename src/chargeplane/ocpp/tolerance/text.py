"""JSON text that does not parse -> text that does.

One pass over the text, without recursion, that writes down what a patient reader would take it
for. It writes the commas, brackets and quotes itself, so that those of the sender need not be
right; values are never guessed: one that was cut off is left out.

Promises: linear time, no text longer than ``TEXT_LENGTH_MAX``, no deeper than ``DEPTH_MAX``, never
an exception, and what comes out has been parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from chargeplane.ocpp.tolerance.repair import Repair
from chargeplane.ocpp.tolerance.strings import BrokenError, Lexeme, Notes, read_string, read_word

__all__ = ["repair_text"]

TEXT_LENGTH_MAX = 1 << 20
DEPTH_MAX = 64

_SPACE = re.compile(r"[ \t\n\r]*")
_JUNK = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\ufeff\u2028\u2029]+")
_BEGIN = re.compile(r"[\[{]")
_CLOSER = {"[": "]", "{": "}"}


def repair_text(text: str, allows: Callable[[str], bool]) -> tuple[str, tuple[Repair, ...]] | None:
    """The text that was meant, and what had to be done; None when that is beyond us.

    A repair that was made many times is reported once, with its first place.
    """
    if len(text) > TEXT_LENGTH_MAX:
        return None
    notes = Notes(text, allows)
    try:
        if not text.isascii():
            text = notes.text = _whole_characters(text, notes)
        result = _Reader(text, notes).read()
        msgspec.json.decode(result)
    except (BrokenError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return result, tuple(notes.repairs.values())


def _whole_characters(text: str, notes: Notes) -> str:
    """Without lone surrogates, which no encoding can write."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if whole != text:
        at = next(i for i, (old, new) in enumerate(zip(text, whole, strict=False)) if old != new)
        notes.add("invalid-unicode", at, "\ufffd")
    return whole


class _Level:
    """One open array or object."""

    __slots__ = ("after_comma", "after_value", "colon", "count", "name", "opener")

    def __init__(self, opener: str) -> None:
        self.opener = opener
        self.count = 0
        self.name: str | None = None  # of the member whose value comes next
        self.colon = False
        self.after_value = False
        self.after_comma = False


def _past_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None  # no space is matched as well
    return found.end()


class _Reader:
    def __init__(self, text: str, notes: Notes) -> None:
        self.text = text
        self.notes = notes
        self.out: list[str] = []
        self.levels: list[_Level] = []

    def read(self) -> str:
        text, end = self.text, len(self.text)
        at = self._begin()
        self._open(text[at], at)
        at = _past_space(text, at + 1)
        while self.levels and at < end:
            at = _past_space(text, self._token(at))
        if self.levels:
            self.notes.add("truncated-json", end, "".join(self._closers()))
            while self.levels:
                self._leave(end)
        elif at < end:
            junk = _JUNK.match(text, at)
            only = junk is not None and _SPACE.fullmatch(text, junk.end()) is not None
            self.notes.add("control-character" if only else "surrounding-garbage", at, "")
        return "".join(self.out)

    def _begin(self) -> int:
        found = _BEGIN.search(self.text)
        if found is None:
            raise BrokenError("there is no array or object")
        before = self.text[: found.start()].strip(" \t\n\r")
        if before == "\ufeff":
            self.notes.add("byte-order-mark", 0, "")
        elif before:
            junk = _JUNK.fullmatch(before) is not None
            self.notes.add("control-character" if junk else "surrounding-garbage", 0, "")
        return found.start()

    def _token(self, at: int) -> int:
        """Take one token; return where the next may begin."""
        char = self.text[at]
        if char in "[{":
            self._open(char, at)
        elif char in "]}":
            self._close(char, at)
        elif char == ",":
            self._comma(at)
        elif char == ":":
            self._colon(at)
        elif char in "\"'":
            return self._lexeme(read_string(self.text, at, self.notes), at)
        elif junk := _JUNK.match(self.text, at):
            self.notes.add("control-character", at, "")
            return junk.end()
        else:
            named = self.levels[-1].opener == "{" and not self.levels[-1].colon
            return self._lexeme(read_word(self.text, at, self.notes, as_name=named), at)
        return at + 1

    def _open(self, char: str, at: int) -> None:
        if len(self.levels) >= DEPTH_MAX:
            raise BrokenError("too deep")
        if self.levels:
            self._begin_value(at)
        self.out.append(char)
        self.levels.append(_Level(char))

    def _close(self, char: str, at: int) -> None:
        if _CLOSER[self.levels[-1].opener] != char:
            matching = any(_CLOSER[level.opener] == char for level in self.levels)
            self.notes.add("mismatched-brackets", at, "")
            if not matching:
                return
        while _CLOSER[self.levels[-1].opener] != char:
            self._leave(at)
        self._leave(at)

    def _leave(self, at: int) -> None:
        """End the innermost array or object."""
        level = self.levels.pop()
        truncated = at == len(self.text)
        if level.name is not None and not truncated:
            self.notes.add("name-without-value", at, "")
        elif level.after_comma and not truncated:
            self.notes.add("commas", at, "")
        self.out.append(_CLOSER[level.opener])
        if self.levels:
            self.levels[-1].after_value = True

    def _comma(self, at: int) -> None:
        level = self.levels[-1]
        if level.name is not None:
            self.notes.add("name-without-value", at, "")
            level.name, level.colon = None, False
        elif not level.after_value:
            self.notes.add("commas", at, "")
        level.after_value, level.after_comma = False, True

    def _colon(self, at: int) -> None:
        level = self.levels[-1]
        if level.name is None or level.colon:
            raise BrokenError(f"a colon out of place at {at}")
        level.colon = True

    def _lexeme(self, lexeme: Lexeme, at: int) -> int:
        level = self.levels[-1]
        if lexeme.text is None:  # cut off by the end of the text
            return lexeme.end
        if level.opener == "{" and level.name is None:
            if not lexeme.text.startswith('"'):
                raise BrokenError(f"a member without name at {at}")
            self._separate(level, at)
            level.name = lexeme.text
            return lexeme.end
        self._begin_value(at)
        self.out.append(lexeme.text)
        level.after_value = True
        return lexeme.end

    def _begin_value(self, at: int) -> None:
        level = self.levels[-1]
        if level.opener == "{":
            if level.name is None or not level.colon:
                raise BrokenError(f"a value without name at {at}")
            self.out.append(f"{',' if level.count else ''}{level.name}:")
            level.name, level.colon = None, False
        else:
            self._separate(level, at)
            self.out.append("," if level.count else "")
        level.count += 1
        level.after_value = level.after_comma = False

    def _separate(self, level: _Level, at: int) -> None:
        if level.after_value:
            self.notes.add("commas", at, ",")
            level.after_value = False

    def _closers(self) -> list[str]:
        return [_CLOSER[level.opener] for level in reversed(self.levels)]
