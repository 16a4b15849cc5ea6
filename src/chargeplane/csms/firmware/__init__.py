"""Firmware: images that people upload, and the updates of stations (L01, L02; 1.6, 4.5 and 5.19).

    planned -> asked -> accepted -> downloading -> downloaded -> installing -> installed | failed
            |        -> refused | unsupported
            |        -> unanswered, which anything the station says later mends
            -> cancelled by somebody, or by the station for another update

* ``images``: a version, for a vendor and a model, with its file; a signature is verified at upload
* ``roots`` and ``proof``: who signs has to lead to a root of the manufacturer that is trusted
* ``campaign``: updates of many stations, planned as rows, sent when each is here (1 to 1,000)
* ``service``: one update. Each station gets an address of its own for the file, which counts for as
  many fetches as it has attempts, until the window is over
* ``states``: a phase never goes back, whatever is said late, twice or of a foreign request id

With a signature: SignedUpdateFirmware of the 1.6 security whitepaper, UpdateFirmware of 2.x with
certificate (L01); without: UpdateFirmware (L02). Where nobody decides, an image that is signed goes
signed to all versions that can. A station that boots with the new version has installed it, whether
it says so or not.
"""

from __future__ import annotations

from chargeplane.csms.contract import Block
from chargeplane.csms.firmware import api, update_api, v1, v2
from chargeplane.csms.firmware.campaign import HEARD, Campaigns
from chargeplane.csms.firmware.images import Images
from chargeplane.csms.firmware.service import Firmware
from chargeplane.csms.firmware.tables import coming, files_named
from chargeplane.domain.commands import UpdateFirmware
from chargeplane.ocpp import v16, v21

__all__ = ["HEARD", "Campaigns", "Firmware", "Images", "block", "coming", "files_named"]


def block(firmware: Firmware, images: Images, campaigns: Campaigns) -> Block:
    """The block."""
    first, second = v1.Handlers(firmware), v2.Handlers(firmware)
    return Block(
        "firmware",
        v1={
            v16.FirmwareStatusNotificationRequest: first.status,
            v16.SignedFirmwareStatusNotificationRequest: first.signed_status,
        },
        v2={v21.FirmwareStatusNotificationRequest: second.status},
        commands_v1={UpdateFirmware: first.update},
        commands_v2={UpdateFirmware: second.update},
        routes=(api.routes(images), update_api.routes(campaigns)),
    )
