"""Each quirk does what its name says, and a tolerant central system survives each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chargeplane.ocpp.tolerance import TOLERANT
from chargeplane.ocpp.versions import Version
from chargeplane.station.handshake import Handshake
from chargeplane.station.quirks import QUIRKS, Disguise
from tests.station.stage import Stage

OF_FRAMES = [name for name, quirk in QUIRKS.items() if quirk.rule]


def version_for(name: str) -> Version:
    return QUIRKS[name].family or Version.V1_6


def visited(name: str) -> Stage:
    """A whole visit with one quirk, seen by a tolerant central system."""
    stage = Stage(version_for(name), quirks=[name], tolerance=TOLERANT).connect()
    stage.charge(200)
    return stage


def sent(stage: Stage, action: str) -> list[dict[str, Any]]:
    frames = [json.loads(each) for each in stage.frames if each.startswith("[2,")]
    return [each[3] for each in frames if each[2] == action]


def events(stage: Stage) -> list[tuple[str, int]]:
    return [(each["eventType"], each["seqNo"]) for each in sent(stage, "TransactionEvent")]


@pytest.mark.parametrize("name", OF_FRAMES)
def test_a_quirk_changes_what_is_sent_and_the_visit_still_comes_to_its_end(name: str) -> None:
    odd = visited(name)
    plain = Stage(version_for(name), tolerance=TOLERANT).connect()
    plain.charge(200)
    ends = ("StopTransaction", "TransactionEvent")
    assert [sent(odd, each) for each in ends] != [[], []]
    if name not in {"truncated-configuration", "numeric-tag"}:
        assert odd.frames != plain.frames
    assert len(odd.core.hub.outbox) == 0


@pytest.mark.parametrize("name", QUIRKS)
def test_every_quirk_is_named_and_described(name: str) -> None:
    quirk = QUIRKS[name]
    assert quirk.name == name
    assert name == name.lower()
    assert " " not in name
    assert quirk.row is None or 1 <= quirk.row <= 90
    assert quirk.text[0].islower()
    assert (quirk.rule is None) != (quirk.handshake is None)


def test_a_quirk_that_is_not_known_or_of_another_family_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no quirk 'nonsense'"):
        Disguise(["nonsense"], Version.V1_6)
    with pytest.raises(ValueError, match="is one of OCPP 1.6"):
        Disguise(["duplicate-start"], Version.V2_1)
    assert Disguise(["duplicate-start"], Version.V1_2).names == ("duplicate-start",)


def test_kwh_are_labelled_wh() -> None:
    samples = sent(visited("kwh-as-wh"), "MeterValues")[-1]["meterValue"][0]["sampledValue"]
    assert (samples[0]["value"], samples[0]["unit"]) == ("1", "Wh")


def test_a_start_comes_after_its_stop_which_has_no_id() -> None:
    stage = visited("stop-before-start")
    order = [json.loads(each)[2] for each in stage.frames if each.startswith("[2,")]
    ends = [each for each in order if each in {"StartTransaction", "StopTransaction"}]
    assert ends == ["StopTransaction", "StartTransaction"]
    assert sent(stage, "StopTransaction")[0]["transactionId"] == 0


def test_a_start_is_sent_twice_under_two_ids() -> None:
    stage = visited("duplicate-start")
    one, other = sent(stage, "StartTransaction")
    assert one == other
    ids = [json.loads(each)[1] for each in stage.frames if "StartTransaction" in each]
    assert len(set(ids)) == 2


@pytest.mark.parametrize(
    ("name", "transaction_id"),
    [("stop-with-zero", 0), ("stop-with-minus-one", -1), ("null-transaction-id", None)],
)
def test_a_stop_does_not_know_its_transaction(name: str, transaction_id: int | None) -> None:
    (stop,) = sent(visited(name), "StopTransaction")
    assert stop["transactionId"] == transaction_id


def test_the_last_event_repeats_the_number_of_the_first() -> None:
    told = events(visited("repeated-seq-no"))
    assert (told[0], told[-1]) == (("Started", 0), ("Ended", 0))


def test_the_first_event_is_missing() -> None:
    told = events(visited("missing-started"))
    assert told[0] == ("Updated", 1)


def test_the_first_event_comes_last() -> None:
    told = events(visited("ended-before-started"))
    assert [each[0] for each in told[-2:]] == ["Ended", "Started"]


def test_times_have_no_zone_and_members_are_null() -> None:
    (start,) = sent(visited("times-without-zone"), "StartTransaction")
    assert start["timestamp"] == "2026-01-05T08:00:10"
    (boot,) = sent(visited("null-members"), "BootNotification")
    assert boot["iccid"] is None


def test_a_tag_of_digits_is_a_number() -> None:
    rule = QUIRKS["numeric-tag"].rule
    assert rule is not None
    (text,) = rule()([2, "1", "Authorize", {"idTag": "123456"}]).send
    assert json.loads(text)[3] == {"idTag": 123456}


def test_an_answer_loses_its_brackets() -> None:
    rule = QUIRKS["truncated-configuration"].rule
    assert rule is not None
    (text,) = rule()([3, "1", {"configurationKey": [{"key": "A", "readonly": True}]}]).send
    assert text == '[3,"1",{"configurationKey":[{"key":"A","readonly":true'


def test_quirks_add_up_even_behind_one_that_breaks_the_text() -> None:
    disguise = Disguise(["truncated-configuration", "null-members"], Version.V1_6)
    answer = '[3,"1",{"a":[{"b":1}]}]'
    assert disguise.frames(answer).send == ['[3,"1",{"a":[{"b":1']


def test_a_handshake_names_no_subprotocol() -> None:
    plain = Handshake("ws://host/CP1", ("ocpp1.6",))
    assert Disguise([], Version.V1_6).handshake(plain) == plain
    odd = Disguise(["no-subprotocol"], Version.V1_6).handshake(plain)
    assert odd == Handshake("ws://host/CP1", ())
