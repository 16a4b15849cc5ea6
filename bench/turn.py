"""A full turn of ``Peer``: text in, typed request out, validated answer text.

Beside it orjson does as little as a server could do with the same texts and the same values: it
parses the CALL, writes the CALLRESULT as text and checks nothing. A time in the answer is a
``datetime`` for both, since that is what a server has. The goal: at least 0.5 of that for each.
The last row, all four together, is governed by the largest and says nothing about the goal.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from bench.measure import Work, paired
from bench.samples import SAMPLES, Sample
from chargeplane.ocpp.events import Called
from chargeplane.ocpp.peer import Peer
from chargeplane.ocpp.versions import Role

COUNT = 4000


def run() -> Iterator[str]:
    """All lines of this benchmark."""
    yield "a full turn: text -> typed request -> validated answer text, beside orjson alone"
    ours_all, theirs_all = [], []
    for sample in SAMPLES:
        ours, theirs = _ours(sample), _orjson(sample)
        ours_all.append(ours)
        theirs_all.append(theirs)
        yield paired(ours, theirs, COUNT).line(sample.name, "orjson")
    mix = paired(_each(ours_all), _each(theirs_all), COUNT * len(SAMPLES))
    yield mix.line("the four in equal numbers", "orjson")


def _each(works: list[Work]) -> Work:
    def work() -> None:
        for one in works:
            one()

    return work


def _frames(sample: Sample) -> list[str]:
    return [sample.frame(str(10_000_000 + number)) for number in range(COUNT)]


def _ours(sample: Sample) -> Work:
    texts, response = _frames(sample), sample.response

    def work() -> None:
        peer = Peer(sample.version, Role.CSMS)
        for text in texts:
            for event in peer.receive(text, 0.0):
                assert isinstance(event, Called)
                peer.answer(event.message_id, response)
            peer.outgoing()

    return work


def _orjson(sample: Sample) -> Work:
    texts, answer = _frames(sample), sample.answer

    def work() -> None:
        for text in texts:
            call = orjson.loads(text)
            orjson.dumps([3, call[1], answer], None, orjson.OPT_UTC_Z).decode()

    return work
