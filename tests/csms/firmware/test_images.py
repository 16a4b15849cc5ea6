"""Images: what is uploaded is verified, kept once, and bounded."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial

import pytest

from chargeplane.csms.exchange import TooLarge
from chargeplane.csms.firmware import tables
from chargeplane.csms.firmware.images import ImageFault, NewImage
from chargeplane.runtime.audit import entries
from chargeplane.runtime.pki import KeyKind
from chargeplane.runtime.store import Function
from tests.csms.firmware.making import CONTENT, Works, pieces, signed, signer
from tests.csms.making import NOW, TENANT_ID
from tests.csms.rest import client

WRONG = ["other content", "other key", "no base64", "half of it"]


def files_of(works: Works) -> list[str]:
    folder = works.files.shelf.path("x").parent
    return [each.name for each in folder.iterdir()] if folder.exists() else []


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.RSA2048], ids=str)
async def test_a_signature_is_verified_when_the_file_comes(lite: Works, kind: KeyKind) -> None:
    key, pem = signer(kind)
    image = await lite.image(signature=signed(key, CONTENT), signing_certificate=pem)
    assert image.signer == "Firmware of Acme"
    assert image.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert files_of(lite) == [image.kept]


@pytest.mark.parametrize("wrong", WRONG, ids=WRONG)
async def test_a_file_that_does_not_fit_its_signature_is_not_kept(lite: Works, wrong: str) -> None:
    (key, pem), (other, _) = signer(), signer()
    good = signed(key, CONTENT)
    signature = {
        "other content": signed(key, b"other"),
        "other key": signed(other, CONTENT),
        "no base64": "!" * 60,
        "half of it": good[: len(good) // 8 * 4],
    }[wrong]
    with pytest.raises(ImageFault, match="does not fit"):
        await lite.image(signature=signature, signing_certificate=pem)
    assert files_of(lite) == []


async def test_who_signs_must_count_now(lite: Works) -> None:
    key, old = signer(now=NOW - timedelta(days=60))
    for pem, field in ((old, "signing_certificate"), ("no PEM", "signing_certificate")):
        with pytest.raises(ImageFault) as refused:
            await lite.image(signature=signed(key, CONTENT), signing_certificate=pem)
        assert refused.value.field == field
    with pytest.raises(ImageFault, match="together"):
        await lite.image(signature=signed(key, CONTENT))


async def test_a_file_has_bounds_and_comes_once(
    lite: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = await lite.images.add(TENANT_ID, NewImage("2.0"))
    monkeypatch.setattr("chargeplane.csms.firmware.images.IMAGE_BYTES_MAX", 10)
    with pytest.raises(ImageFault, match="empty"):
        await lite.images.fill(image, pieces())
    with pytest.raises(TooLarge):
        await lite.images.fill(image, pieces(b"x" * 11))
    assert files_of(lite) == []
    filled = await lite.images.fill(image, pieces(b"x" * 10))
    with pytest.raises(ImageFault, match="already"):
        await lite.images.fill(image, pieces(b"y"))
    assert files_of(lite) == [filled.kept]


async def test_there_are_only_so_many_images(works: Works) -> None:
    image = await works.images.add(TENANT_ID, NewImage("2.0"))
    for count_max, is_kept in ((1, False), (2, True)):
        new = image._replace(id=image.id.__class__(int=image.id.int + count_max))
        work = partial(tables.add_image, image=new, count_max=count_max)
        assert await works.store.write(Function(work)) is is_kept


async def test_people_upload_look_and_remove(lite: Works) -> None:
    async with client(lite.store, *lite.block.routes) as rest:
        key, pem = signer()
        wanted = {
            "firmware_version": "2.0", "vendor": "Acme", "signature": signed(key, CONTENT),
            "signing_certificate": pem,
        }  # fmt: skip
        made = (await rest.post("/firmware", json=wanted)).json()
        path = f"/firmware/{made['id']}"
        octets = {"Content-Type": "application/octet-stream"}
        assert (await rest.put(f"{path}/content", json={})).status_code == 415
        bad = await rest.put(f"{path}/content", content=b"x", headers=octets)
        assert bad.json()["errors"][0]["message"] == "the signature does not fit the file"
        good = await rest.put(f"{path}/content", content=CONTENT, headers=octets)
        assert good.json()["size_bytes"] == len(CONTENT)
        noted = await lite.store.read(partial(entries, tenant_id=TENANT_ID, after=0, count_max=9))
        assert {"add_image", "fill_image"} <= {each.action for each in noted}
        again = await rest.put(f"{path}/content", content=CONTENT, headers=octets)
        assert again.status_code == 409
        (shown,) = (await rest.get("/firmware")).json()["items"]
        assert shown == (await rest.get(path)).json()
        assert (shown["is_signed"], shown["signer"]) == (True, "Firmware of Acme")
        assert "signature" not in shown
        assert (await rest.delete(path)).status_code == 204
        assert (await rest.get(path)).status_code == 404
        assert files_of(lite) == []
        wrong = {**wanted, "signing_certificate": "no PEM"}
        answer = await rest.post("/firmware", json=wrong)
        assert answer.json()["errors"][0]["field"] == "signing_certificate"
    async with client(lite.store, *lite.block.routes, role="viewer") as rest:
        assert (await rest.get("/firmware")).status_code == 200
        assert (await rest.post("/firmware", json=wanted)).status_code == 403


async def test_whoever_is_limited_to_a_site_sees_the_images_and_changes_none(lite: Works) -> None:
    image = await lite.image()
    async with client(lite.store, *lite.block.routes, role="limited") as limited:
        listed = (await limited.get("/firmware")).json()["items"]
        assert [each["id"] for each in listed] == [str(image.id)]
        assert (await limited.get(f"/firmware/{image.id}")).status_code == 200
        assert (await limited.post("/firmware", json={"firmware_version": "2"})).status_code == 403
        assert (await limited.delete(f"/firmware/{image.id}")).status_code == 403
