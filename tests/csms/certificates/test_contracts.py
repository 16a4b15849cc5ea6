"""Contract certificates of vehicles: a provider answers through us, and may fail in every way."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from chargeplane.csms.certificates import ContractAnswer, ContractFault, ContractProvider
from chargeplane.csms.certificates.contracts import ANSWER_CHARACTERS_MAX, AT_ONCE_MAX, contract
from chargeplane.csms.contract import Decision, Heard
from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.pki import (
    Purpose,
    Vault,
    certificates_of_pem,
    common_name,
    fault_of_chain,
    new_key,
)
from chargeplane.runtime.store import Store
from chargeplane.station.core import Core
from chargeplane.station.signals.certificates import ContractWanted
from tests.csms.certificates.site import CLOCK, opened
from tests.csms.making import decided, heard, station

EMAID = "DE-ABC-C12345678-X"


def local_provider(vault: Vault) -> ContractProvider:
    """Issues contracts by our own authority; what it says is text where others have EXI."""

    async def provide(request: v21.Get15118EVCertificateRequest) -> ContractAnswer:
        emaid = b64decode(request.exi_request).decode()
        if emaid != EMAID:
            return ContractAnswer(False, "")
        issued = vault.authority(Purpose.CONTRACT).issue(
            new_key().public_key(), emaid, Purpose.CONTRACT, CLOCK.now(), timedelta(days=700)
        )
        return ContractAnswer(True, b64encode(issued.pem).decode(), 0)

    return provide


def _want(wanted: ContractWanted, core: Core, _: float) -> None:
    core.hub.tell(wanted)


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_a_vehicle_gets_its_contract_over_station_and_central_system(
    sqlite_store: Store, vault: Vault, tmp_path: Path, version: str
) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    provider = local_provider(vault)
    async with opened(sqlite_store, vault, tmp_path, contracts=provider) as site:
        await site.add(2)
        async with site.station(version, 2) as here:
            for wanted in (EMAID, "DE-ABC-C00000000-X"):
                exi = b64encode(wanted.encode()).decode()
                here.act(partial(_want, ContractWanted(exi, told.put_nowait)))
            answers = [await asyncio.wait_for(told.get(), 10) for _ in range(2)]
    chain = certificates_of_pem(b64decode(answers[0]))
    assert common_name(chain[0].subject) == EMAID
    assert fault_of_chain(chain, [vault.root()], CLOCK.now()) is None
    assert answers[1] == ""


def request_of(version: Version) -> Heard:
    return heard(
        station(version),
        v21.Get15118EVCertificateRequest(
            iso15118_schema_version="urn:iso:15118:2:2013:MsgDef",
            action=v21.CertificateActionEnumType.INSTALL,
            exi_request="cQ==",
        ),
    )


def said(decision: Decision) -> tuple[str, str]:
    response = decision.response
    assert isinstance(response, v21.Get15118EVCertificateResponse)
    info = response.status_info or None
    return response.status, (info.additional_info or "") if info else ""


async def fails(_: object) -> ContractAnswer:
    raise ContractFault("the vehicle is not known")


async def silent(_: object) -> ContractAnswer:
    await asyncio.Event().wait()
    raise AssertionError


async def long(_: object) -> ContractAnswer:
    return ContractAnswer(True, "x" * 6_000)


@pytest.mark.parametrize(
    ("provider", "version", "why"),
    [
        (None, Version.V2_1, "no provider"),
        (fails, Version.V2_1, "not known"),
        (silent, Version.V2_1, "does not answer"),
        (long, Version.V2_0_1, "no room"),
    ],
    ids=["none", "fault", "silence", "too long"],
)
async def test_what_goes_wrong_at_the_provider_is_an_answer(
    provider: ContractProvider | None,
    version: Version,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chargeplane.csms.certificates.contracts.ANSWER_S_MAX", 0.01)
    status, reason = said(await decided(contract(provider), request_of(version)))
    assert (status, why in reason) == ("Failed", True)


async def test_a_long_answer_has_room_in_2_1() -> None:
    assert said(await decided(contract(long), request_of(Version.V2_1))) == ("Accepted", "")
    assert ANSWER_CHARACTERS_MAX[Version.V2_1] > 6_000


async def test_so_many_vehicles_wait_and_no_more() -> None:
    handle = contract(silent)
    waiting = [
        asyncio.ensure_future(decided(handle, request_of(Version.V2_1))) for _ in range(AT_ONCE_MAX)
    ]
    await asyncio.sleep(0)
    status, reason = said(await decided(handle, request_of(Version.V2_1)))
    assert (status, "wait for the provider" in reason) == ("Failed", True)
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert said(await decided(contract(long), request_of(Version.V2_1)))[0] == "Accepted"
