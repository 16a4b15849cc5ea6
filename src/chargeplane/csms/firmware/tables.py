"""The tables of firmware: images, and the updates of stations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    delete,
    func,
    insert,
    select,
    update,
)

from chargeplane.csms.exchange import Kept
from chargeplane.csms.figures import COMING_MAX, Coming
from chargeplane.csms.firmware.states import OPEN, SENT, UpdateState
from chargeplane.csms.inventory import stations, stations_at
from chargeplane.csms.records import Records
from chargeplane.runtime.rest import Sites
from chargeplane.runtime.store import SCHEMA, Id, Moment, Words

__all__ = [
    "IMAGES_MAX",
    "IS_SENT",
    "UPDATES_MAX",
    "Image",
    "Update",
    "add_image",
    "add_updates",
    "awaited",
    "cancel_others",
    "coming",
    "fill_image",
    "image",
    "images",
    "latest",
    "planned",
    "remove_image",
    "set_proofs",
    "take",
    "targets",
    "updates",
    "updates_listed",
]

IMAGES_MAX: Final = 200
"""Of a tenant."""
UPDATES_MAX: Final = 200
"""Of a station; the oldest go first."""

SCHEMA.contribute(Path(__file__).parent / "migrations")

firmware_images = SCHEMA.table(
    "firmware_images",
    Column("id", Id, nullable=False),
    Column("firmware_version", Words, nullable=False),
    Column("vendor", Words),
    Column("model", Words),
    Column("note", Words),
    Column("signature", Words),
    Column("signing_certificate", Words),
    Column("signer", Words),
    Column("signer_until", Moment),
    Column("intermediates", Words),
    Column("root_fingerprint", Words),
    Column("root_name", Words),
    Column("proof_fault", Words),
    Column("proven_at", Moment),
    Column("accepted_by", Words),
    Column("kept", Words),
    Column("size_bytes", BigInteger),
    Column("sha256", Words),
    Column("created_at", Moment, nullable=False),
    key=["id"],
)

firmware_updates = SCHEMA.table(
    "firmware_updates",
    Column("id", Id, nullable=False),
    Column("campaign_id", Id),
    Column("station_id", Words, nullable=False),
    Column("image_id", Id, nullable=False),
    Column("firmware_version", Words, nullable=False),
    Column("version_before", Words),
    Column("request_id", Integer),
    Column("is_signed", Boolean),
    Column("retrieve_at", Moment, nullable=False),
    Column("install_at", Moment),
    Column("until_at", Moment, nullable=False),
    Column("retries", Integer, nullable=False),
    Column("retry_interval_s", Integer),
    Column("state", Words, nullable=False),
    Column("status", Words),
    Column("reason", Words),
    Column("file_id", Id),
    Column("requested_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    key=["id"],
    indexes=[["station_id", "id"], ["campaign_id", "id"], ["state", "until_at"]],
)
"""``request_id``: on the wire; null in an UpdateFirmware of 1.x, which has none."""


class Image(NamedTuple):
    """An image; without ``kept`` its file has not come."""

    tenant_id: UUID
    id: UUID
    firmware_version: str
    vendor: str | None
    model: str | None
    note: str | None
    signature: str | None
    signing_certificate: str | None
    signer: str | None
    signer_until: datetime | None
    intermediates: str | None
    """Certificates between the signer's and a root, in PEM; stations do not get them."""
    root_fingerprint: str | None
    """Of the manufacturer's root that the signer's certificate leads to; None: to none we trust."""
    root_name: str | None
    proof_fault: str | None
    """Why it does not."""
    proven_at: datetime | None
    """When somebody looked for it last."""
    accepted_by: str | None
    """Who took the image without that."""
    kept: str | None
    size_bytes: int | None
    sha256: str | None
    created_at: datetime

    @property
    def is_distrusted(self) -> bool:
        """Whether the root that has proven it is trusted no longer, and nobody accepts it."""
        return self.proof_fault is not None and self.accepted_by is None


class Update(NamedTuple):
    """An update of a station, and what became of it."""

    tenant_id: UUID
    id: UUID
    campaign_id: UUID | None
    station_id: str
    image_id: UUID
    firmware_version: str
    version_before: str | None
    request_id: int | None
    is_signed: bool | None
    """None: it is not decided yet."""
    retrieve_at: datetime
    install_at: datetime | None
    until_at: datetime
    retries: int
    retry_interval_s: int | None
    state: str
    status: str | None
    """The station's last word."""
    reason: str | None
    file_id: UUID | None
    requested_at: datetime
    changed_at: datetime


class Target(NamedTuple):
    """What has to be known of a station that is to be updated."""

    id: str
    vendor: str | None
    model: str | None
    firmware_version: str | None


updates: Final = Records(firmware_updates, Update)
_image = firmware_images.c
_update = firmware_updates.c
IS_SENT: Final = _update.state != str(UpdateState.PLANNED)
_IMAGE: Final = select(*(_image[name] for name in Image._fields))
_OPEN: Final = sorted(OPEN)
_PROOF: Final = ("root_fingerprint", "root_name", "proof_fault", "proven_at")


def add_image(connection: Connection, image: Image, count_max: int = IMAGES_MAX) -> bool:
    """Keep a new image; False if there are too many."""
    mine = _image.tenant_id == image.tenant_id
    if (connection.scalar(select(func.count()).where(mine)) or 0) >= count_max:
        return False
    connection.execute(insert(firmware_images).values(image._asdict()))
    return True


def fill_image(connection: Connection, tenant_id: UUID, id_: UUID, file: Kept) -> bool:
    """The file of an image has come; False if it has one already, or is gone."""
    mine = _image.tenant_id == tenant_id, _image.id == id_, _image.kept.is_(None)
    facts = {"kept": file.name, "size_bytes": file.size_bytes, "sha256": file.sha256}
    found = connection.execute(update(firmware_images).where(*mine).values(**facts))
    return found.rowcount == 1


def files_named(connection: Connection, tenant_id: UUID, names: list[str]) -> set[str]:
    """Which of some names of files are those of a tenant's images."""
    query = select(_image.kept).where(_image.tenant_id == tenant_id, _image.kept.in_(names))
    return set(connection.scalars(query))


def set_proofs(connection: Connection, proofs: Iterable[Image]) -> None:
    """Keep where the signers of images lead to."""
    for each in proofs:
        mine = _image.tenant_id == each.tenant_id, _image.id == each.id
        values = {name: getattr(each, name) for name in _PROOF}
        connection.execute(update(firmware_images).where(*mine).values(values))


def remove_image(connection: Connection, tenant_id: UUID, id_: UUID) -> bool:
    """Forget an image; False if an open update needs it."""
    needs = _update.tenant_id == tenant_id, _update.image_id == id_, _update.state.in_(_OPEN)
    if connection.scalar(select(_update.id).where(*needs).limit(1)) is not None:
        return False
    mine = _image.tenant_id == tenant_id, _image.id == id_
    connection.execute(delete(firmware_images).where(*mine))
    return True


def image(connection: Connection, tenant_id: UUID, id_: UUID) -> Image | None:
    """An image, or None."""
    mine = _image.tenant_id == tenant_id, _image.id == id_
    row = connection.execute(_IMAGE.where(*mine)).one_or_none()
    return None if row is None else Image(*row)


def images(
    connection: Connection, tenant_id: UUID, *, count_max: int, before: UUID | None = None
) -> list[Image]:
    """The images of a tenant, the latest first."""
    query = _IMAGE.where(_image.tenant_id == tenant_id)
    if before is not None:
        query = query.where(_image.id < before)
    rows = connection.execute(query.order_by(_image.id.desc()).limit(count_max))
    return [Image(*row) for row in rows]


def targets(connection: Connection, tenant_id: UUID, ids: Iterable[str]) -> list[Target]:
    """Those of some stations that there are."""
    known = stations.c
    query = select(known.id, known.vendor, known.model, known.firmware_version).where(
        known.tenant_id == tenant_id, known.id.in_(list(ids))
    )
    return [Target(*row) for row in connection.execute(query)]


def add_updates(connection: Connection, added: list[Update], keep_max: int = UPDATES_MAX) -> None:
    """Keep new updates; the oldest of each station beyond the bound are forgotten."""
    updates.add(connection, added)
    for each in added:
        updates.prune(connection, each.tenant_id, each.station_id, keep_max)


def take(
    connection: Connection,
    tenant_id: UUID,
    id_: UUID,
    state: UpdateState,
    **values: Any,
) -> bool:
    """Move an update on that is planned; of two at the same moment, one does."""
    return updates.change(connection, tenant_id, id_, only=[~IS_SENT], state=str(state), **values)


def cancel_others(connection: Connection, besides: Update, now: datetime) -> None:
    """A station does this update instead of those that it was doing."""
    connection.execute(
        update(firmware_updates)
        .where(
            _update.tenant_id == besides.tenant_id,
            _update.station_id == besides.station_id,
            _update.id != besides.id,
            _update.state.in_(sorted(SENT)),
        )
        .values(state=str(UpdateState.CANCELLED), changed_at=now)
    )


def latest(connection: Connection, tenant_id: UUID, station_id: str) -> Update | None:
    """The latest update that a station was asked for."""
    mine = _update.station_id == station_id, IS_SENT
    found = updates.latest(connection, tenant_id, only=mine, count_max=1)
    return found[0] if found else None


def planned(
    connection: Connection, tenant_id: UUID, now: datetime, count_max: int, after: UUID | None
) -> list[Update]:
    """Updates that stations are to be asked for, in the order of their ids."""
    query = updates.of(tenant_id, [~IS_SENT, _update.until_at > now])
    if after is not None:
        query = query.where(_update.id > after)
    return updates.found(connection, query.order_by(_update.id).limit(count_max))


def awaited(connection: Connection, tenant_id: UUID, now: datetime, count_max: int) -> list[str]:
    """The stations that have an update which is not over."""
    query = select(_update.station_id).where(
        _update.tenant_id == tenant_id, _update.state.in_(_OPEN), _update.until_at > now
    )
    return list(connection.scalars(query.distinct().limit(count_max)))


def updates_listed(
    connection: Connection,
    tenant_id: UUID,
    *,
    count_max: int,
    station_id: str | None = None,
    campaign_id: UUID | None = None,
    state: str | None = None,
    before: UUID | None = None,
) -> list[Update]:
    """Updates that all conditions fit, the latest first."""
    wanted = (
        (_update.station_id, station_id),
        (_update.campaign_id, campaign_id),
        (_update.state, state),
    )
    fits = [column == value for column, value in wanted if value is not None]
    return updates.latest(connection, tenant_id, only=fits, count_max=count_max, before=before)


def coming(
    connection: Connection, tenant_id: UUID, now: datetime, sites: Sites = None
) -> list[Coming]:
    """Windows in which stations get new firmware, the next first (``ReadComing``).

    The updates of a campaign are one window.
    """
    begins = func.coalesce(_update.install_at, _update.retrieve_at)
    window = func.coalesce(_update.campaign_id, _update.id)
    query = select(
        func.min(begins).label("begins"),
        func.max(_update.until_at).label("ends"),
        func.max(_update.firmware_version).label("version"),
        func.min(_update.station_id).label("station"),
        func.count().label("number"),
    ).where(_update.tenant_id == tenant_id, _update.state.in_(_OPEN), _update.until_at > now)
    if sites is not None:
        query = query.where(_update.station_id.in_(stations_at(tenant_id, sites)))
    rows = connection.execute(
        query.group_by(window).order_by(func.min(begins), window).limit(COMING_MAX)
    )
    return [
        Coming(
            max(row.begins, now),
            "firmware-update",
            row.version,
            row.station if row.number == 1 else None,
            row.ends,
        )
        for row in rows
    ]
