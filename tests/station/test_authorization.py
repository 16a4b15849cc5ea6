"""Whom a station trusts: the local list, the cache, groups, the master pass, and nobody to ask."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.wire import UNSET, Request
from chargeplane.station import Ev
from chargeplane.station import known_tokens as module
from chargeplane.station.signals import TokenDecided
from tests.station.central import START, info_1x, info_2x
from tests.station.stage import Stage, online

FAMILIES = pytest.mark.parametrize("version", ["1.6", "2.1"])
PRE = {"LocalPreAuthorize": "true"}


def info(stage: Stage, status: str, group: str = "", expires: datetime | None = None) -> Any:
    if stage.central.is_1x:
        return v16.IdTagInfo(
            status=v16.AuthorizationStatus(status),
            parent_id_tag=group or UNSET,
            expiry_date=expires or UNSET,
        )
    return v21.IdTokenInfoType(
        status=v21.AuthorizationStatusEnumType(status),
        group_id_token=v21.IdTokenType(id_token=group, type="Central") if group else UNSET,
        cache_expiry_date_time=expires or UNSET,
    )


def send_list(stage: Stage, version: int, entries: dict[str, Any], *, full: bool = True) -> str:
    """Send a list; an entry of None takes the token out."""
    request: Request
    if stage.central.is_1x:
        data = [
            v16.AuthorizationData(id_tag=tag, id_tag_info=each or UNSET)
            for tag, each in entries.items()
        ]
        kind = v16.UpdateType.FULL if full else v16.UpdateType.DIFFERENTIAL
        request = v16.SendLocalListRequest(
            list_version=version, local_authorization_list=data or UNSET, update_type=kind
        )
    else:
        data_2x = [
            v21.AuthorizationData(
                id_token=v21.IdTokenType(id_token=tag, type="ISO14443"), id_token_info=each or UNSET
            )
            for tag, each in entries.items()
        ]
        kind_2x = v21.UpdateEnumType.FULL if full else v21.UpdateEnumType.DIFFERENTIAL
        request = v21.SendLocalListRequest(
            version_number=version, local_authorization_list=data_2x or UNSET, update_type=kind_2x
        )
    answer = stage.ask(request)
    return answer if isinstance(answer, str) else str(getattr(answer, "status", ""))


def list_version(stage: Stage) -> int:
    if stage.central.is_1x:
        return int(getattr(stage.ask(v16.GetLocalListVersionRequest()), "list_version", -9))
    return int(getattr(stage.ask(v21.GetLocalListVersionRequest()), "version_number", -9))


def set_value(stage: Stage, name: str, value: str) -> None:
    stage.core.variables.preset({name: value})


def answers(stage: Stage, infos: dict[str, Any]) -> None:
    """Let the central system say this of these tokens."""

    def respond(request: Request) -> Any:
        match request:
            case v16.AuthorizeRequest(id_tag=tag) if tag in infos:
                return v16.AuthorizeResponse(id_tag_info=infos[tag])
            case v16.StartTransactionRequest(id_tag=tag) if tag in infos:
                return v16.StartTransactionResponse(transaction_id=7, id_tag_info=infos[tag])
            case v21.AuthorizeRequest(id_token=token) if token.id_token in infos:
                return v21.AuthorizeResponse(id_token_info=infos[token.id_token])
            case v21.TransactionEventRequest(id_token=token) if token and token.id_token in infos:
                return v21.TransactionEventResponse(id_token_info=infos[token.id_token])
        return None

    stage.central.responds = respond


def tapped(stage: Stage, token: str, evse_id: int | None = None) -> TokenDecided:
    stage.tap(IdToken(token), evse_id)
    return stage.saw(TokenDecided)[-1]


def asked(stage: Stage) -> int:
    return stage.central.names().count("Authorize")


# The local list.


@pytest.mark.parametrize("version", ["1.5", "1.6", "2.0.1", "2.1"])
def test_a_list_is_sent_whole_and_then_changed(version: str) -> None:
    stage = online(version)
    assert list_version(stage) == 0
    good = info(stage, "Accepted")
    assert send_list(stage, 3, {"A": good, "B": good}) == "Accepted"
    assert list_version(stage) == 3
    assert send_list(stage, 4, {"A": None, "C": good}, full=False) == "Accepted"
    assert sorted(each.token.value for each in stage.core.hub.local_list) == ["B", "C"]
    assert send_list(stage, 2, {}, full=True) == "Accepted"  # a whole list may go back
    assert (list_version(stage), len(stage.core.hub.local_list)) == (2, 0)


@FAMILIES
@pytest.mark.parametrize("sent", [3, 2])
def test_changes_of_another_version_of_the_list_are_refused(version: str, sent: int) -> None:
    stage = online(version)
    send_list(stage, 3, {"A": info(stage, "Accepted")})
    assert send_list(stage, sent, {"A": None}, full=False) == "VersionMismatch"
    assert len(stage.core.hub.local_list) == 1
    assert list_version(stage) == 3


@FAMILIES
def test_a_wrong_list_changes_nothing(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = online(version)
    good = info(stage, "Accepted")
    send_list(stage, 3, {"A": good})
    assert send_list(stage, 0, {"B": good}) == "Failed"
    assert send_list(stage, 4, {"B": good, "b": good}) == "Failed"  # the same token twice
    assert send_list(stage, 4, {"B": None}) == "Failed"
    monkeypatch.setattr("chargeplane.station.local_list.updating.LISTED_MAX", 2)
    assert send_list(stage, 4, {"B": good, "C": good}, full=False) == "Failed"
    assert [each.token.value for each in stage.core.hub.local_list] == ["A"]
    assert list_version(stage) == 3


def test_a_list_that_is_switched_off_has_no_version() -> None:
    for version, number, status in (("1.6", -1, "NotSupported"), ("2.1", 0, "Failed")):
        stage = online(version)
        send_list(stage, 3, {"A": info(stage, "Accepted")})
        set_value(stage, "LocalAuthListCtrlr.Enabled", "false")
        assert list_version(stage) == number
        assert send_list(stage, 4, {"A": info(stage, "Accepted")}) == status


def test_a_message_with_too_many_tokens_is_refused() -> None:
    for version, status in (("1.6", "Failed"), ("2.1", "OccurrenceConstraintViolation")):
        stage = online(version, variables={"SendLocalListMaxLength": "1"})
        good = info(stage, "Accepted")
        assert send_list(stage, 1, {"A": good, "B": good}) == status


@FAMILIES
def test_the_list_and_the_cache_are_there_in_the_next_program(version: str) -> None:
    stage = online(version)
    send_list(stage, 3, {"A": info(stage, "Accepted")})
    stage.plug_in()
    tapped(stage, "CACHED")
    stage.new_program().connect()
    assert list_version(stage) == 3
    stage.disconnect()
    assert tapped(stage, "A", 2).accepted
    stage.tap(IdToken("A"), 2)
    assert tapped(stage, "CACHED", 2).accepted


@FAMILIES
def test_a_token_of_the_list_starts_without_a_question_where_that_is_configured(
    version: str,
) -> None:
    stage = online(version, variables=PRE)
    send_list(stage, 1, {"GOOD": info(stage, "Accepted"), "BAD": info(stage, "Blocked")})
    stage.plug_in()
    assert tapped(stage, "BAD").accepted  # the central system is asked, and knows better
    assert asked(stage) == 1
    stage.tap(IdToken("BAD"))
    stage.unplug().plug_in()
    assert tapped(stage, "GOOD").accepted
    assert asked(stage) == 1


@FAMILIES
def test_the_list_comes_before_the_cache(version: str) -> None:
    stage = online(version)
    tapped(stage, "A", 1)
    stage.tap(IdToken("A"), 1)
    send_list(stage, 1, {"A": info(stage, "Blocked")})
    stage.disconnect()
    decided = tapped(stage, "A", 1)
    assert (decided.accepted, decided.status) == (False, "Blocked")


@FAMILIES
def test_an_expired_token_is_not_trusted(version: str) -> None:
    stage = online(version)
    send_list(stage, 1, {"A": info(stage, "Accepted", expires=START + timedelta(seconds=100))})
    stage.disconnect()
    stage.plug_in()
    stage.wait(50)
    assert tapped(stage, "A").accepted
    stage.tap(IdToken("A"))
    stage.wait(60)
    assert tapped(stage, "A", 2).status == "Expired"


def test_a_list_that_the_central_system_contradicts_is_reported_in_1_6() -> None:
    stage = online("1.6", variables=PRE)
    send_list(stage, 1, {"A": info(stage, "Accepted")})
    answers(stage, {"A": info_1x("Blocked")})
    stage.plug_in()
    tapped(stage, "A")
    codes = [each.error_code.value for each in stage.central.all(v16.StatusNotificationRequest)]
    assert "LocalListConflict" in codes


# The cache.


@FAMILIES
def test_a_cached_token_starts_without_a_question_until_it_is_refused(version: str) -> None:
    stage = online(version, variables=PRE)
    stage.plug_in()
    tapped(stage, "A")
    stage.tap(IdToken("A"))
    answers(stage, {"A": info(stage, "Blocked")})
    stage.unplug().plug_in()
    assert tapped(stage, "A").accepted  # from the cache; the start itself is refused (C12.FR.03)
    assert asked(stage) == 1
    assert not stage.core.hub.is_busy
    stage.unplug().plug_in()
    assert not tapped(stage, "A").accepted
    assert asked(stage) == 2


@FAMILIES
def test_the_cache_is_bounded_and_forgets_the_one_that_was_not_used_longest(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CACHED_MAX", 2)
    stage = online(version)
    for token in ("A", "B", "A", "C"):
        tapped(stage, token, 1)
        stage.tap(IdToken(token), 1)
    stage.disconnect()
    accepted = []
    for token in ("A", "B", "C"):
        accepted.append(tapped(stage, token, 1).accepted)
        if accepted[-1]:
            stage.tap(IdToken(token), 1)
    assert accepted == [True, False, True]


def test_the_cache_forgets_what_was_not_used_for_its_lifetime() -> None:
    stage = online("2.1", variables={"AuthCacheCtrlr.LifeTime": "100"})
    tapped(stage, "A", 1)
    stage.tap(IdToken("A"), 1)
    stage.disconnect().wait(90)
    assert tapped(stage, "A", 1).accepted
    stage.tap(IdToken("A"), 1)
    stage.wait(90)  # used meanwhile
    assert tapped(stage, "A", 1).accepted
    stage.tap(IdToken("A"), 1)
    stage.wait(101)
    assert not tapped(stage, "A", 1).accepted


@FAMILIES
def test_a_cleared_cache_knows_nobody(version: str) -> None:
    stage = online(version)
    tapped(stage, "A", 1)
    stage.tap(IdToken("A"), 1)
    request = v16.ClearCacheRequest() if version == "1.6" else v21.ClearCacheRequest()
    assert getattr(stage.ask(request), "status", "") == "Accepted"
    set_value(stage, "AuthCacheCtrlr.Enabled", "false")
    assert getattr(stage.ask(request), "status", "") == "Rejected"
    set_value(stage, "AuthCacheCtrlr.Enabled", "true")
    stage.disconnect()
    assert not tapped(stage, "A", 1).accepted


def test_a_token_that_was_admitted_unknown_is_not_remembered() -> None:
    stage = online("2.1", variables={"AuthCtrlr.OfflineTxForUnknownIdEnabled": "true"})
    stage.disconnect()
    assert tapped(stage, "A", 1).accepted
    stage.tap(IdToken("A"), 1)
    set_value(stage, "AuthCtrlr.OfflineTxForUnknownIdEnabled", "false")
    assert not tapped(stage, "A", 1).accepted


@FAMILIES
def test_alone_a_known_token_is_trusted_only_where_that_is_allowed(version: str) -> None:
    stage = online(version, variables={"LocalAuthorizeOffline": "false"})
    send_list(stage, 1, {"A": info(stage, "Accepted")})
    stage.disconnect()
    assert not tapped(stage, "A", 1).accepted


# Switches of 2.x.


def test_authorization_can_be_switched_off_or_be_local_alone() -> None:
    stage = online("2.1", variables={"AuthCtrlr.Enabled": "false"})
    assert tapped(stage, "ANY", 1).accepted
    stage = online("2.1", variables={"AuthCtrlr.DisableRemoteAuthorization": "true"})
    send_list(stage, 1, {"A": info(stage, "Accepted")})
    assert not tapped(stage, "ANY", 1).accepted
    assert tapped(stage, "A", 1).accepted
    assert asked(stage) == 0


@pytest.mark.parametrize("disabled", [True, False])
def test_a_refused_token_of_the_list_is_asked_about_unless_that_is_disabled(disabled: bool) -> None:
    value = str(disabled).lower()
    stage = online("2.1", variables={"LocalAuthListCtrlr.DisablePostAuthorize": value})
    send_list(stage, 1, {"A": info(stage, "Blocked")})
    assert tapped(stage, "A", 1).accepted is not disabled


def test_a_token_may_be_for_some_evses_alone() -> None:
    stage = online("2.1")
    only_2 = v21.IdTokenInfoType(status=v21.AuthorizationStatusEnumType.ACCEPTED, evse_id=[2])
    answers(stage, {"A": only_2})
    assert tapped(stage, "A", 1).status == "NotAtThisLocation"
    assert tapped(stage, "A", 2).accepted


# Groups and the master pass.


@FAMILIES
def test_another_token_of_the_group_ends_the_transaction_and_a_stranger_does_not(
    version: str,
) -> None:
    stage = online(version)
    family = info(stage, "Accepted", "FAMILY")
    answers(stage, {"A": family, "B": family, "C": info(stage, "Accepted", "OTHERS")})
    stage.plug_in()
    assert tapped(stage, "A", 1).accepted
    assert not tapped(stage, "C", 1).accepted
    assert tapped(stage, "B", 1).accepted
    assert stage.core.evse(1).token is None


@FAMILIES
def test_a_known_token_of_the_group_need_not_be_asked_about(version: str) -> None:
    stage = online(version)
    family = info(stage, "Accepted", "FAMILY")
    send_list(stage, 1, {"B": family})
    answers(stage, {"A": family})
    stage.plug_in()
    tapped(stage, "A", 1)
    assert tapped(stage, "B", 1).accepted
    assert asked(stage) == 1


def test_a_group_token_finds_its_transaction_where_every_evse_is_taken() -> None:
    stage = online("2.1")
    family = info(stage, "Accepted", "FAMILY")
    answers(stage, {"A": family, "B": family})
    for evse_id, token in ((1, "X"), (2, "A")):
        stage.plug_in(evse_id)
        tapped(stage, token, evse_id)
    decided = tapped(stage, "B")
    assert (decided.accepted, decided.evse_id) == (True, 2)


def test_a_master_pass_ends_all_transactions_and_starts_none() -> None:
    stage = online("2.1", variables={"AuthCtrlr.MasterPassGroupId": "MASTERS"})
    answers(stage, {"M": info(stage, "Accepted", "masters")})
    assert not tapped(stage, "M", 1).accepted
    assert stage.core.evse(1).token is None
    for evse_id in (1, 2):
        stage.plug_in(evse_id)
        tapped(stage, f"T{evse_id}", evse_id)
    assert tapped(stage, "M").accepted
    ended = [
        each
        for each in stage.central.all(v21.TransactionEventRequest)
        if each.event_type == "Ended"
    ]
    assert [each.transaction_info.stopped_reason for each in ended] == ["MasterPass"] * 2
    assert {each.id_token.id_token for each in ended} == {"M"}


# A token that turns out to be invalid.


@FAMILIES
def test_without_the_order_to_stop_an_invalid_token_gets_no_more_energy(version: str) -> None:
    variables = PRE | {"StopTransactionOnInvalidId": "false"}
    stage = online(version, variables=variables)
    send_list(stage, 1, {"A": info(stage, "Accepted")})
    answers(stage, {"A": info(stage, "Blocked")})
    stage.plug_in()
    tapped(stage, "A")
    assert stage.core.hub.is_busy
    assert stage.core.evse(1).power_w == 0
    assert stage.core.evse(1).status() == "SuspendedEVSE"
    if version == "2.1":
        triggers = [each.trigger_reason for each in stage.central.all(v21.TransactionEventRequest)]
        assert "Deauthorized" in triggers


@FAMILIES
def test_an_invalid_token_may_have_so_much_energy_as_is_configured(version: str) -> None:
    variables = PRE | {"StopTransactionOnInvalidId": "false", "MaxEnergyOnInvalidId": "500"}
    stage = online(version, variables=variables)
    send_list(stage, 1, {"A": info(stage, "Accepted")})
    answers(stage, {"A": info(stage, "Blocked")})
    stage.plug_in(1, Ev(soc=0.2))
    tapped(stage, "A")
    assert stage.core.evse(1).power_w > 0
    stage.wait(3_600)
    assert stage.core.evse(1).power_w == 0
    assert stage.core.evse(1).register_wh == pytest.approx(500, abs=5)
    assert stage.core.hub.is_busy


def test_what_the_helpers_say_is_what_the_families_say() -> None:
    assert info_1x("Blocked") == info(Stage("1.6"), "Blocked")
    assert info_2x("Blocked") == info(Stage("2.1"), "Blocked")
