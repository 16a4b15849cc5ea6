"""Updates: what stations are asked for, and that a phase never goes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chargeplane.csms.contract import Ask
from chargeplane.csms.firmware.service import LIFE, LIFE_MAX, Window, WindowFault
from chargeplane.domain.commands import (
    Accepted,
    NoAnswer,
    Outcome,
    Refused,
    Unsupported,
    UpdateFirmware,
)
from chargeplane.domain.events import FirmwareStatusChanged
from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.versions import Version
from tests.csms.firmware.making import Works
from tests.csms.making import NOW

HOUR = timedelta(hours=1)
ALL = [Version.V1_5, Version.V1_6, Version.V2_0_1, Version.V2_1]
WAY = ["Downloading", "Downloaded", "SignatureVerified", "Installing", "Installed"]


def test_a_window_ends_after_it_begins_and_within_a_month() -> None:
    assert Window.of(NOW, None, None, None) == (NOW, None, NOW + LIFE)
    late = Window.of(NOW, None, NOW + 5 * HOUR, None)
    assert late.until_at == NOW + 5 * HOUR + LIFE
    for wrong in (
        (NOW + HOUR, None, NOW + HOUR),
        (None, NOW + 2 * HOUR, NOW + HOUR),
        (None, None, NOW - HOUR),
        (None, None, NOW + LIFE_MAX + HOUR),
    ):
        with pytest.raises(WindowFault):
            Window.of(NOW, *wrong)


@pytest.mark.parametrize("version", ALL, ids=str)
async def test_a_plain_image_goes_to_every_version(works: Works, version: Version) -> None:
    ask = await works.asks(version, await works.image(), install_at=NOW + HOUR, retries=1)
    request = ask.request
    row = await works.row()
    assert (row.state, row.version_before, row.is_signed) == ("asked", "1.0", False)
    assert row.until_at == NOW + HOUR + LIFE
    if version.value < "2":
        assert isinstance(request, v16.UpdateFirmwareRequest)
        # It knows only when to fetch: not before it may install.
        assert (request.retrieve_date, row.request_id) == (NOW + HOUR, None)
        location = request.location
    else:
        firmware = request.firmware
        assert (firmware.retrieve_date_time, firmware.install_date_time) == (NOW, NOW + HOUR)
        assert row.request_id == request.request_id
        assert not firmware.signature
        location = firmware.location
    assert location.startswith("https://csms.example/api/v1/transfers/")


@pytest.mark.parametrize("version", ALL[1:], ids=str)
async def test_a_signed_image_goes_signed_where_it_can(works: Works, version: Version) -> None:
    image = await works.signed_image()
    request = (await works.asks(version, image)).request
    assert request.firmware.signature == image.signature
    assert request.firmware.signing_certificate == image.signing_certificate
    assert (await works.row()).is_signed is True
    plain = (await works.asks(version, image, is_signed=False)).request
    assert isinstance(plain, v16.UpdateFirmwareRequest) or not plain.firmware.signature


async def test_what_cannot_be_is_known_before_anything_is_sent(lite: Works) -> None:
    plain, signed = await lite.image(), await lite.signed_image()
    other = await lite.image(vendor="Other")
    for version, image, wanted, reason in (
        (Version.V1_5, signed, {"is_signed": True}, "no signed updates"),
        (Version.V2_1, plain, {"is_signed": True}, "not signed"),
        (Version.V2_1, other, {}, "for stations of Other"),
        (Version.V2_1, await lite.image(vendor="Acme", model="Two"), {}, "the model Two"),
        (Version.V2_1, plain, {"until_at": NOW}, "window ends"),
        (Version.V2_1, plain, {"update_id": str(plain.id)}, "no such update"),
        (Version.V2_1, plain, {"update_id": "x"}, "no id"),
    ):
        found = await lite.asks(version, image, **wanted)
        assert isinstance(found, Unsupported), reason
        assert reason in found.reason
    assert await lite.rows() == []
    assert isinstance(await lite.asks(Version.V1_5, signed), Ask)  # plain, where nobody decides


@pytest.mark.parametrize("version", [Version.V1_6, Version.V2_1], ids=str)
async def test_both_families_move_through_the_same_states(works: Works, version: Version) -> None:
    ask = await works.asks(version, await works.signed_image())
    module: Any = v16 if version is Version.V1_6 else v21
    kind = module.SignedUpdateFirmwareResponse if version is Version.V1_6 else None
    answer = (kind or v21.UpdateFirmwareResponse)(
        status=module.UpdateFirmwareStatusEnumType.ACCEPTED
    )
    outcome = ask.read(answer)
    row = await works.row()
    assert outcome.response["update_id"] == str(row.id)
    await ask.settle(outcome)
    states = [(await works.row()).state]
    at = works.at(version)
    for word in WAY:
        told = await works.said(at, word, ask.request.request_id)
        (event,) = told.events
        assert isinstance(event, FirmwareStatusChanged)
        row = await works.row()
        assert (event.status, event.state, event.firmware_version) == (word, row.state, "2.0")
        states.append(row.state)
    assert states == [
        "accepted", "downloading", "downloaded", "downloaded", "installing", "installed",
    ]  # fmt: skip


@pytest.mark.parametrize("version", [Version.V1_6, Version.V2_1], ids=str)
async def test_foreign_repeated_and_late_words_change_nothing(
    works: Works, version: Version
) -> None:
    ask = await works.asks(version, await works.signed_image())
    at, other, request_id = works.at(version), works.at(version, "CP2"), ask.request.request_id
    assert (await works.said(at, "Installed", request_id + 1)).rows == ()
    assert (await works.said(other, "Installed", request_id)).rows == ()
    assert (await works.row()).state == "asked"
    for word in ("Downloaded", "Downloading", "Downloaded", "InstallRebooting", "Downloading"):
        await works.said(at, word, request_id)
    row = await works.row()
    assert (row.state, row.status) == ("installing", "InstallRebooting")
    assert (await works.said(at, "InstallRebooting", request_id)).rows == ()
    for word in ("InstallationFailed", "Installing", "Installed", "DownloadFailed", "Idle"):
        await works.said(at, word, request_id)
    assert (await works.row()).state == "installed"
    assert await works.rows(station_id="CP2") == []


async def test_the_plain_words_of_1x_are_about_the_latest_plain_update(lite: Works) -> None:
    image, at = await lite.image(), lite.at(Version.V1_6)
    for _ in range(2):
        await lite.asks(Version.V1_6, image)
    await lite.asks(Version.V1_6, await lite.signed_image())
    await lite.said(at, "Downloading")
    assert [row.state for row in await lite.rows()] == ["asked", "downloading", "asked"]


OUTCOMES: dict[str, Outcome] = {
    "refused": Refused(status="InvalidCertificate", reason="old"),
    "unsupported": Unsupported(reason="NotImplemented"),
    "unanswered": NoAnswer(reason="silence"),
}


@pytest.mark.parametrize("state", OUTCOMES)
async def test_every_outcome_is_kept_with_its_reason(lite: Works, state: str) -> None:
    ask = await lite.asks(Version.V2_1, await lite.image())
    await ask.settle(OUTCOMES[state])
    row = await lite.row()
    assert (row.state, row.reason) == (state, OUTCOMES[state].reason)


async def test_an_update_that_takes_the_place_of_another_cancels_it(works: Works) -> None:
    image = await works.image()
    first = await works.asks(Version.V2_1, image)
    await first.settle(Accepted())
    second = await works.asks(Version.V2_1, image)
    await second.settle(Accepted(status="AcceptedCanceled"))
    assert [row.state for row in await works.rows()] == ["accepted", "cancelled"]


@pytest.mark.parametrize(
    ("version", "is_done"), [("2.0", True), ("1.0", False), (None, False)], ids=str
)
async def test_a_station_that_starts_with_the_new_version_has_installed_it(
    works: Works, version: str | None, is_done: bool
) -> None:
    ask = await works.asks(Version.V1_6, await works.image())
    await ask.settle(Accepted())
    found = await works.firmware.booted((await works.row()).tenant_id, "CP1", version)
    assert (found is not None) is is_done
    assert (await works.row()).state == ("installed" if is_done else "accepted")


async def test_an_installation_that_sends_only_signed_firmware_sends_nothing_else(
    lite: Works,
) -> None:
    plain, signed = await lite.image(), await lite.signed_image()
    lite.send_only_signed()
    for version, image, wanted, reason in (
        (Version.V2_1, plain, {}, "not signed"),
        (Version.V2_1, signed, {"is_signed": False}, "with a signature alone"),
        (Version.V1_5, signed, {}, "no signed updates"),
    ):
        found = await lite.asks(version, image, **wanted)
        assert isinstance(found, Unsupported), reason
        assert reason in found.reason
    assert (await lite.asks(Version.V1_6, signed)).request.firmware.signature == signed.signature
    window = Window.of(NOW, None, None, None)
    planned = UpdateFirmware(image_id=str(plain.id))
    _, updates, refused = await lite.campaigns.plan(plain, ["CP1"], window, planned)
    assert updates == []
    assert [each.reason for each in refused] == ["the image is not signed"]
