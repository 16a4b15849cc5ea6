"""The corpus itself: complete, in known words, and with a checker that notices."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from chargeplane.csms.central import CentralSystem
from chargeplane.domain.ledger import RemarkKind
from chargeplane.ocpp.tolerance import REPAIRS
from chargeplane.runtime.clock import SimulatedClock
from chargeplane.station.quirks import QUIRKS
from tests.quirks.corpus_reader import CORPUS, Session, Story, read, steps
from tests.quirks.playing import played
from tests.quirks.rows import ROWS, file_name

STORIES = {int(path.name[:2]): read(path) for path in sorted(CORPUS.glob("*.toml"))}
OF_LINKS = {"subprotocol-missing", "upgrade-without-connection-header", "binary-message"}


def test_every_row_has_its_file() -> None:
    assert {path.name for path in CORPUS.iterdir()} == {file_name(row) for row in ROWS}


def test_every_quirk_of_the_virtual_station_has_a_story() -> None:
    assert {quirk.row for quirk in QUIRKS.values() if quirk.row is not None} <= STORIES.keys()


@pytest.mark.parametrize("row", STORIES, ids=str)
def test_repairs_and_remarks_have_names_that_exist(row: int) -> None:
    stored = STORIES[row].stored
    names = {each for each in stored.repairs if not each.startswith("soap-")}
    assert names <= REPAIRS.keys() | OF_LINKS
    remarks = {remark for session in stored.sessions for remark in session.remarks}
    assert remarks <= {str(kind) for kind in RemarkKind}
    repaired = {s.state for s in stored.sessions if any(RemarkKind(r).repairs for r in s.remarks)}
    assert repaired <= {"repaired"}


@pytest.mark.parametrize("row", STORIES, ids=str)
def test_every_story_has_a_session_and_says_what_it_shows(row: int) -> None:
    story = STORIES[row]
    assert story.stored.sessions
    assert story.shows.endswith(".")
    assert not story.does.endswith(".")
    assert any(step.verb in {"->", "bytes", "post", "flood"} for step in steps(story))


def story(talk: str, sessions: tuple[Session, ...] = ()) -> Story:
    first = STORIES[1]
    stored = replace(first.stored, repairs={}, sessions=sessions, station={})
    return replace(first, handshake=type(first.handshake)(), talk=talk, stored=stored)


CHARGES = "dial\ncharges C0FFEE 1000 4000"
REJECTED = """dial
-> [2,"1","Heartbeat",{}]
<- [3,"1",{}]
order clear-cache
<- [2,"{ask}","ClearCache",{}]
-> [3,"{ask}",{"status":"Rejected"}]"""


async def test_a_session_of_another_energy_is_noticed(
    central: CentralSystem, clock: SimulatedClock
) -> None:
    wanted = Session(state="ended", energy_wh=2999)
    (told,) = await played(story(CHARGES, (wanted,)), central, clock)
    assert "'energy_wh': Decimal('3000')" in told


async def test_a_session_too_many_is_noticed(central: CentralSystem, clock: SimulatedClock) -> None:
    told = await played(story(CHARGES), central, clock)
    assert told[0] == "there are 1 sessions and not 0"


async def test_a_repair_that_nobody_has_told_is_noticed(
    central: CentralSystem, clock: SimulatedClock
) -> None:
    talk = 'dial\n-> [2,"1","Heartbeat",{},]\n<- [3,"1",{}]'
    (told,) = await played(story(talk), central, clock)
    assert told.startswith("repairs: {'commas': 1}")


@pytest.mark.parametrize(
    ("talk", "told"),
    [
        ('dial\n-> [2,"1","Heartbeat",{}]\n<- [3,"1",{"status":"*"}]', r"\$\[2\] has no status"),
        ('dial\n-> [2,"1","Heartbeat",{}]', "instead of a pong"),
        ('dial\n-> [2,"1","Heartbeat",{}]\n<- [3,"2",{}]', "is '1' and not '2'"),
        ("dial 401", "the answer is 101"),
        (f'{REJECTED}\noutcome {{"outcome":"accepted"}}', "is 'refused' and not 'accepted'"),
        (REJECTED, "the outcome of the last order is not told"),
        ("-> x", "there is no connection"),
    ],
    ids=["member", "unheard", "id", "status", "outcome", "untold", "connection"],
)
async def test_a_talk_that_goes_otherwise_is_noticed(
    central: CentralSystem, clock: SimulatedClock, talk: str, told: str
) -> None:
    with pytest.raises(AssertionError, match=told):
        await played(story(talk), central, clock)


def test_a_file_with_an_unknown_member_is_none(tmp_path: Path) -> None:
    path = tmp_path / "01-x.toml"
    path.write_text('row = 1\ndoes = "x"\nshows = "x."\ntalk = "dial"\ntlak = "x"\n')
    with pytest.raises(ValueError, match="tlak"):
        read(path)


def test_a_file_is_named_for_its_row(tmp_path: Path) -> None:
    path = tmp_path / "02-x.toml"
    path.write_text('row = 1\ndoes = "x"\nshows = "x."\ntalk = "dial"\n')
    with pytest.raises(ValueError, match="begins with the row, 01"):
        read(path)


def test_a_line_without_a_verb_is_none() -> None:
    with pytest.raises(ValueError, match="row 1, line 2"):
        list(steps(story("dial\ndials")))
