"""Authorize and ClearCache in both families."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import asdict

from chargeplane.csms import authorization
from chargeplane.csms.contract import Ask, Block, Decision
from chargeplane.domain.commands import Accepted, ClearCache, Refused
from chargeplane.domain.events import IdTokenAuthorized, IdTokenPresented
from chargeplane.domain.tokens import IdToken, TokenStatus
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.codec import encode
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.store import Store
from tests.csms.authorization.making import Active, add, authorizer, found, token
from tests.csms.making import NOW, decided, heard, kept, station

EXPIRY = NOW + timedelta(hours=1)
RFID = v21.IdTokenType(id_token="ABC", type="ISO14443")


async def of_1x(block: Block, id_tag: str = "ABC") -> Decision:
    asked = heard(station(Version.V1_6), v16.AuthorizeRequest(id_tag=id_tag))
    return await decided(block.v1[v16.AuthorizeRequest], asked)


async def of_2x(block: Block, **request: Any) -> Decision:
    asked = heard(station(Version.V2_1), v21.AuthorizeRequest(**{"id_token": RFID, **request}))
    return await decided(block.v2[v21.AuthorizeRequest], asked)


async def test_both_families_leave_the_same_rows_and_events(store: Store) -> None:
    await add(store, token(group_id="fleet", expires_at=EXPIRY))
    block = authorization.block(authorizer(store))
    left = []
    for decision in (await of_1x(block), await of_2x(block)):
        events = [
            {**asdict(event), "id_token": event.id_token.key, "frame_id": None}
            for event in decision.events
            if isinstance(event, IdTokenPresented | IdTokenAuthorized)
        ]
        left.append((decision.rows, [type(event) for event in decision.events], events))
    assert left[0] == left[1]
    assert len(left[0][0]) == 1
    assert left[0][1] == [IdTokenPresented, IdTokenAuthorized]


async def test_a_1x_station_is_told_the_status_the_parent_and_the_expiry(
    sqlite_store: Store,
) -> None:
    await add(sqlite_store, token(group_id="fleet", expires_at=EXPIRY))
    decision = await of_1x(authorization.block(authorizer(sqlite_store)))
    assert decision.response == v16.AuthorizeResponse(
        id_tag_info=v16.IdTagInfo(
            status=v16.AuthorizationStatus.ACCEPTED, parent_id_tag="fleet", expiry_date=EXPIRY
        )
    )
    encode(decision.response)


async def test_a_2x_station_is_told_the_status_the_group_and_how_long_it_may_be_kept(
    sqlite_store: Store,
) -> None:
    await add(sqlite_store, token(group_id="fleet", expires_at=EXPIRY))
    decision = await of_2x(authorization.block(authorizer(sqlite_store)))
    assert decision.response == v21.AuthorizeResponse(
        id_token_info=v21.IdTokenInfoType(
            status=v21.AuthorizationStatusEnumType.ACCEPTED,
            cache_expiry_date_time=EXPIRY,
            group_id_token=v21.IdTokenType(id_token="fleet", type="Central"),
        )
    )
    encode(decision.response)


async def test_an_unknown_token_is_unknown_to_2x_and_invalid_to_1x(sqlite_store: Store) -> None:
    block = authorization.block(authorizer(sqlite_store))
    one, two = (await of_1x(block)).response, (await of_2x(block)).response
    assert isinstance(one, v16.AuthorizeResponse)
    assert isinstance(two, v21.AuthorizeResponse)
    assert one.id_tag_info.status is v16.AuthorizationStatus.INVALID
    assert two.id_token_info.status is v21.AuthorizationStatusEnumType.UNKNOWN


@pytest.mark.parametrize("is_known", [True, False], ids=["elsewhere", "unknown"])
async def test_a_key_code_that_may_not_charge_here_is_invalid_and_no_more_is_told(
    sqlite_store: Store, is_known: bool
) -> None:
    if is_known:
        await add(sqlite_store, token(type="KeyCode", station_ids=["another"]))
    code = v21.IdTokenType(id_token="ABC", type="KeyCode")
    decision = await of_2x(authorization.block(authorizer(sqlite_store)), id_token=code)
    assert isinstance(decision.response, v21.AuthorizeResponse)
    info = decision.response.id_token_info
    assert info.status is v21.AuthorizationStatusEnumType.INVALID


async def test_the_rows_say_that_a_known_token_was_seen(store: Store) -> None:
    await add(store)
    await kept(store, await of_1x(authorization.block(authorizer(store))))
    now = await found(store)
    assert now is not None
    assert (now.last_seen_at, now.last_seen_station_id) == (NOW, "CP1")


async def test_a_token_that_charges_elsewhere_is_still_authorized_to_stop(
    sqlite_store: Store,
) -> None:
    """C09.FR.03: only a start is refused for concurrent transactions."""
    active = Active()
    active.counts["abc"] = 1
    await add(sqlite_store, token(group_id="fleet"))
    authorize = authorizer(sqlite_store, active)
    decision = await of_2x(authorization.block(authorize))
    assert isinstance(decision.response, v21.AuthorizeResponse)
    info = decision.response.id_token_info
    assert info.status is v21.AuthorizationStatusEnumType.ACCEPTED
    started = await authorize(station(), IdToken("ABC"))
    assert started.status is TokenStatus.CONCURRENT_TRANSACTION


@pytest.mark.parametrize("with_chain", [True, False], ids=["certificate", "hashes"])
async def test_a_contract_certificate_that_nobody_verified_is_refused(
    sqlite_store: Store, with_chain: bool
) -> None:
    await add(sqlite_store, token(type="eMAID"))
    hashes = v21.OCSPRequestDataType(
        hash_algorithm=v21.HashAlgorithmEnumType.SHA256,
        issuer_name_hash="a",
        issuer_key_hash="b",
        serial_number="c",
        responder_url="http://ocsp.example",
    )
    asked = {"certificate": "-"} if with_chain else {"iso15118_certificate_hash_data": [hashes]}
    token_of_contract = v21.IdTokenType(id_token="ABC", type="eMAID")
    decision = await of_2x(
        authorization.block(authorizer(sqlite_store)), id_token=token_of_contract, **asked
    )
    response = decision.response
    assert isinstance(response, v21.AuthorizeResponse)
    assert response.id_token_info.status is v21.AuthorizationStatusEnumType.INVALID
    assert response.certificate_status is (v21.AuthorizeCertificateStatusEnumType.CERT_CHAIN_ERROR)
    encode(response)


async def test_clear_cache_is_asked_for_in_both_families(sqlite_store: Store) -> None:
    block = authorization.block(authorizer(sqlite_store))
    one = block.commands_v1[ClearCache](station(Version.V1_6), ClearCache())
    two = block.commands_v2[ClearCache](station(), ClearCache())
    assert isinstance(one, Ask)
    assert isinstance(two, Ask)
    assert one.request == v16.ClearCacheRequest()
    assert two.request == v21.ClearCacheRequest()
    cleared = v16.ClearCacheResponse(status=v16.ClearCacheStatus.ACCEPTED)
    assert one.read(cleared) == Accepted(status="Accepted", response={"status": "Accepted"})
    info = v21.StatusInfoType(reason_code="NoCache", additional_info="it is off")
    refused = v21.ClearCacheResponse(status=v21.ClearCacheStatusEnumType.REJECTED, status_info=info)
    outcome = two.read(refused)
    assert isinstance(outcome, Refused)
    assert (outcome.status, outcome.reason) == ("Rejected", "NoCache: it is off")
