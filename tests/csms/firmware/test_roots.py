"""Roots of manufacturers: who signs an image has to lead to one, or somebody accepts it without."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from chargeplane.csms.contract import Ask
from chargeplane.csms.firmware import root_tables, tables
from chargeplane.csms.firmware.images import ImageFault, NewImage
from chargeplane.csms.firmware.roots import RootFault, Roots
from chargeplane.csms.firmware.tables import Image
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.audit import entries
from chargeplane.runtime.pki import (
    Authority,
    KeyKind,
    Purpose,
    certificates_of_pem,
    fingerprint,
    new_key,
    pem_of,
)
from chargeplane.runtime.store import Function
from tests.csms.firmware.making import CONTENT, LIFE, ROOT, Works, signed, signer
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client

SUB = ROOT.sub("maker's firmware", KeyKind.P256, NOW - LIFE, 6 * LIFE)
OTHER = Authority.new("other maker", KeyKind.RSA2048, NOW - LIFE, 6 * LIFE)


async def added(works: Works, by: Authority, **facts: Any) -> Image:
    """A signed image without its file."""
    key, pem = signer(by=by)
    new = {"signature": signed(key, CONTENT), "signing_certificate": pem, **facts}
    return await works.images.add(TENANT_ID, NewImage(**{"firmware_version": "2.0", **new}), "ann")


def told(works: Works) -> list[str]:
    return [each.type for each in works.notices]


async def test_an_image_keeps_the_root_that_its_signer_leads_to(works: Works) -> None:
    between = pem_of([SUB.certificate])
    image = await added(works, SUB, intermediate_certificates=between)
    found = await works.images.find(TENANT_ID, image.id)
    assert found == image
    assert (image.root_name, image.root_fingerprint) == ("maker", fingerprint(ROOT.certificate))
    assert (image.proof_fault, image.accepted_by, image.proven_at) == (None, None, NOW)
    key, pem = signer(by=SUB)
    behind = await works.image(signature=signed(key, CONTENT), signing_certificate=pem + between)
    assert behind.root_name == "maker"
    assert works.notices == []


async def test_who_leads_to_no_root_is_refused_unless_somebody_accepts_it(lite: Works) -> None:
    for by in (SUB, OTHER):  # of the first, the one between is not known
        with pytest.raises(ImageFault, match="does not lead to a root") as refused:
            await added(lite, by)
        assert refused.value.field == "signing_certificate"
    assert told(lite) == ["FirmwareNotProven"] * 2
    image = await added(lite, OTHER, accept_unproven=True)
    assert (image.root_name, image.accepted_by) == (None, "ann")
    assert "does not lead" in (image.proof_fault or "")


async def test_what_is_wrong_by_itself_is_never_accepted(lite: Works) -> None:
    lite.revoked.append(SUB.certificate)
    server = OTHER.issue(new_key().public_key(), "host", Purpose.SERVER, NOW, LIFE)
    key, old = signer(now=NOW - 2 * LIFE)
    between = {"intermediate_certificates": pem_of([SUB.certificate])}
    cases: list[tuple[Authority, dict[str, Any], str]] = [
        (SUB, between, "maker's firmware\" is revoked"),
        (OTHER, {"signing_certificate": pem_of([server.certificate])}, "not for signing"),
        (OTHER, {"signing_certificate": old, "signature": signed(key, CONTENT)}, "count now"),
        (OTHER, {"intermediate_certificates": "no PEM"}, "no PEM certificate"),
    ]
    for by, facts, why in cases:
        with pytest.raises(ImageFault, match=why):
            await added(lite, by, accept_unproven=True, **facts)
    assert told(lite) == ["InvalidFirmwareSigningCertificate"] * len(cases)


async def test_a_root_of_one_vendor_proves_nothing_for_another(lite: Works) -> None:
    await lite.images.roots.add(TENANT_ID, pem_of([OTHER.certificate]), "ann", "Bolt", None)
    assert (await added(lite, OTHER, vendor="Bolt")).root_name == "other maker"
    for vendor in ("Acme", None):
        with pytest.raises(ImageFault, match="does not lead"):
            await added(lite, OTHER, vendor=vendor)


async def test_images_are_looked_at_again_when_the_roots_change(lite: Works) -> None:
    image = await added(lite, OTHER, accept_unproven=True)
    root = await lite.images.roots.add(TENANT_ID, pem_of([OTHER.certificate]), "ann", None, None)
    assert root is not None
    await lite.clock.advance(60)
    await lite.images.prove_again(TENANT_ID)
    proven = await lite.images.find(TENANT_ID, image.id)
    assert proven is not None
    assert (proven.root_name, proven.proof_fault) == ("other maker", None)
    assert proven.proven_at == NOW + timedelta(seconds=60)
    assert await lite.images.roots.remove(TENANT_ID, root.fingerprint)
    await lite.images.prove_again(TENANT_ID)
    gone = await lite.images.find(TENANT_ID, image.id)
    assert gone is not None
    assert (gone.root_name, gone.accepted_by) == (None, "ann")
    assert await lite.images.roots.remove(TENANT_ID, root.fingerprint) is False


async def test_what_is_distrusted_goes_to_no_station_and_what_was_here_before_stays(
    lite: Works,
) -> None:
    proven, accepted = await lite.signed_image(), await added(lite, OTHER, accept_unproven=True)
    early = await lite.signed_image()
    facts = {"proven_at": None, "root_fingerprint": None, "root_name": None}
    mine = tables.firmware_images.c.id == early.id
    work = update(tables.firmware_images).where(mine).values(facts)
    await lite.store.write(Function(lambda connection: connection.execute(work).rowcount))
    await lite.images.roots.remove(TENANT_ID, fingerprint(ROOT.certificate))
    await lite.images.prove_again(TENANT_ID)
    told = [await lite.asks(Version.V2_1, each) for each in (proven, early)]
    assert "nobody trusts who has signed the image" in told[0].reason
    assert isinstance(told[1], Ask)
    for each, is_distrusted in ((proven, True), (accepted, False), (early, False)):
        found = await lite.images.find(TENANT_ID, each.id)
        assert found is not None
        assert found.is_distrusted is is_distrusted


async def test_only_an_authority_that_counts_is_a_root(lite: Works) -> None:
    roots = lite.images.roots
    _, leaf = signer()
    old = Authority.new("old", KeyKind.P256, NOW - 3 * LIFE, LIFE)
    for pem, why in (
        ("no PEM", "no PEM certificate"),
        (leaf, "no authority"),
        (pem_of([old.certificate]), "not valid now"),
        (pem_of([OTHER.certificate, ROOT.certificate]), "one certificate at a time"),
    ):
        with pytest.raises(RootFault, match=why):
            await roots.add(TENANT_ID, pem, "ann", None, None)
    assert await roots.add(TENANT_ID, pem_of([ROOT.certificate]), "ann", None, None) is None


async def test_there_are_only_so_many_roots(works: Works) -> None:
    (known,) = await works.images.roots.of(TENANT_ID)
    for count_max, expected in ((1, None), (2, True)):
        root = known._replace(fingerprint=f"{count_max:064}")
        work = partial(root_tables.add, root=root, count_max=count_max)
        assert await works.store.write(Function(work)) is expected


async def test_the_roots_are_known_again_after_a_start(lite: Works) -> None:
    roots = Roots(lite.store, lite.clock)
    assert roots.all() == []
    await roots.load()
    assert roots.all() == lite.images.roots.all() == [ROOT.certificate]


async def test_a_file_that_does_not_fit_its_signature_is_told_of(lite: Works) -> None:
    key, pem = signer()
    with pytest.raises(ImageFault, match="does not fit"):
        await lite.image(signature=signed(key, b"other"), signing_certificate=pem)
    (notice,) = lite.notices
    assert notice.type == "InvalidFirmwareSignature"
    assert (
        notice.detail
        == "image 2.0, signed by Firmware of Acme: the signature does not fit the file"
    )


async def test_people_trust_and_distrust_roots(lite: Works) -> None:
    async with client(lite.store, *lite.block.routes) as rest:
        key, pem = signer(by=OTHER)
        image = {
            "firmware_version": "2.0", "signature": signed(key, CONTENT),
            "signing_certificate": pem,
        }  # fmt: skip
        refused = await rest.post("/firmware", json=image)
        assert refused.json()["errors"][0]["field"] == "signing_certificate"
        wanted = {"certificate": pem_of([OTHER.certificate]), "note": "from the maker's site"}
        made = (await rest.post("/firmware-roots", json=wanted)).json()
        assert (made["name"], made["added_by"]) == ("other maker", "operator")
        assert certificates_of_pem(made["certificate"]) == [OTHER.certificate]
        assert (await rest.post("/firmware-roots", json=wanted)).status_code == 409
        faulty = (await rest.post("/firmware-roots", json={"certificate": pem})).json()
        assert faulty["errors"][0]["field"] == "certificate"
        first = (await rest.get("/firmware-roots?limit=1")).json()
        rest_of = (await rest.get("/firmware-roots", params={"cursor": first["next"]})).json()
        listed = first["items"] + rest_of["items"]
        assert sorted(each["name"] for each in listed) == ["maker", "other maker"]
        shown = (await rest.post("/firmware", json=image)).json()
        assert (shown["proof"], shown["root_name"]) == ("proven", "other maker")
        path = f"/firmware-roots/{made['fingerprint']}"
        assert (await rest.delete(path)).status_code == 204
        assert (await rest.delete(path)).status_code == 404
        await look_at_distrusted(rest, shown["id"])
        accepted = (await rest.post("/firmware", json={**image, "accept_unproven": True})).json()
        assert (accepted["proof"], accepted["accepted_by"]) == ("not_proven", "operator")
        noted = await lite.store.read(partial(entries, tenant_id=TENANT_ID, after=0, count_max=20))
        assert {"add_firmware_root", "remove_firmware_root"} <= {each.action for each in noted}
        assert '"accept_unproven":true' in noted[-1].details
        unsigned = (await rest.post("/firmware", json={"firmware_version": "3"})).json()
        assert unsigned["proof"] is None
    async with client(lite.store, *lite.block.routes, role="viewer") as rest:
        assert (await rest.get("/firmware-roots")).status_code == 200
        assert (await rest.post("/firmware-roots", json=wanted)).status_code == 403


async def look_at_distrusted(rest: httpx.AsyncClient, image_id: str) -> None:
    shown = (await rest.get(f"/firmware/{image_id}")).json()
    assert (shown["proof"], shown["root_name"], shown["accepted_by"]) == ("not_proven", None, None)
    assert "does not lead" in shown["proof_fault"]
