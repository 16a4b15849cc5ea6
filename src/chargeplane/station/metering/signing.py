"""Meter values signed as OCMF says it: a JSON payload, and an ECDSA signature over its bytes.

Each EVSE has its own meter with its own key on the curve P-256, made of the identity of the
station: the same station has the same keys, and the same seed gives the same frames.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace

from chargeplane.ocpp import v16, v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.device_model.variables import Place
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.signals import TransactionEnded

__all__ = ["METHOD", "Signing", "ocmf"]

METHOD = "ECDSA-secp256r1-SHA256"
_ENCODING = "OCMF"
_REGISTER = "Energy.Active.Import.Register"
_EXPORT = "Energy.Active.Export.Register"
_CODES = {_REGISTER: "1-b:1.8.0", _EXPORT: "1-b:2.8.0"}
_SWITCH = "SampledDataCtrlr", "SignReadings"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_CONTEXTS = {"Transaction.Begin": "B", "Transaction.End": "E"}

Row = dict[str, Any]


def ocmf(payload: dict[str, Any], key: ec.EllipticCurvePrivateKey) -> str:
    """A signed record: ``OCMF|payload|signature``; the signature covers the payload's bytes."""
    text = json.dumps(payload, separators=(",", ":"))
    signature = key.sign(text.encode(), ec.ECDSA(SHA256(), deterministic_signing=True))
    signed = json.dumps({"SA": METHOD, "SD": signature.hex()}, separators=(",", ":"))
    return f"OCMF|{text}|{signed}"


class Signing:
    """Signs the registers in the messages of transactions where the configuration wants it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._begun: dict[str, Row] = {}
        """By transaction: its first signed reading, which the last one repeats."""
        self._told_key: set[str] = set()
        self._pages: dict[int, int] = {}
        hub.hears(TransactionEnded, self._on_ended)
        if hub.family is Version.V2_1:
            hub.completes(v21.TransactionEventRequest, self._complete_2x)
        else:
            hub.completes(v16.StopTransactionRequest, self._complete_1x)
        for evse_id in hub.evses:
            place = Place("FiscalMetering", "PublicKey", evse_id=evse_id)
            hub.variables.at(place).read = self._reader(evse_id)

    def _reader(self, evse_id: int) -> Callable[[], str]:
        return lambda: self.public_key(evse_id).hex()

    def public_key(self, evse_id: int) -> bytes:
        """Of the meter, in DER (X.509 SubjectPublicKeyInfo)."""
        public = self._key(evse_id).public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def _key(self, evse_id: int) -> ec.EllipticCurvePrivateKey:
        seed = sha256(f"meter {self._hub.identity} {evse_id}".encode()).digest()
        return ec.derive_private_key(int.from_bytes(seed) % (_ORDER - 1) + 1, ec.SECP256R1())

    def _on_ended(self, ended: TransactionEnded) -> None:
        self._begun.pop(ended.transaction_id, None)
        self._told_key.discard(ended.transaction_id)

    def _wants(self, context: str) -> bool:
        flag = self._hub.variables.flag
        if not flag(*_SWITCH):
            return False
        if context == "Transaction.Begin":
            return flag("SampledDataCtrlr", "SignStartedReadings")
        return context == "Transaction.End" or flag("SampledDataCtrlr", "SignUpdatedReadings")

    def _record(self, evse: Evse, at: datetime, context: str, measurand: str, wh: float) -> str:
        """One record; that of the end of a transaction holds its begin as well."""
        hub, transaction = self._hub, evse.transaction
        row: Row = {
            "TM": f"{at:%Y-%m-%dT%H:%M:%S},{at.microsecond // 1000:03d}{at:%z} S",
            "TX": _CONTEXTS.get(context, "C"),
            "RV": round(wh / 1000, 3),
            "RI": _CODES[measurand],
            "RU": "kWh",
            "ST": "G",
        }
        rows, page = [row], self._pages.get(evse.id, 0) + 1
        self._pages[evse.id] = page
        token = transaction.token if transaction else None
        if transaction is not None and measurand == _REGISTER:
            if context == "Transaction.Begin":
                self._begun[transaction.id] = row
            elif context == "Transaction.End" and transaction.id in self._begun:
                rows.insert(0, self._begun[transaction.id])
        payload = {
            "FV": "1.0",
            "GI": hub.inventory.model,
            "GS": hub.identity,
            "GV": hub.inventory.firmware_version,
            "PG": f"T{page}",
            "MV": hub.inventory.vendor,
            "MM": "Virtual Meter",
            "MS": f"{hub.identity}-{evse.id}",
            "MF": "1.0",
            "IS": token is not None,
            "IF": [],
            "IT": "ISO14443" if token else "NONE",
            "ID": token.value if token else "",
            "RD": rows,
        }
        return ocmf(payload, self._key(evse.id))

    def _complete_2x(
        self, request: v21.TransactionEventRequest, evse: Evse
    ) -> v21.TransactionEventRequest:
        if not request.meter_value or not self._hub.variables.flag(*_SWITCH):
            return request
        values = [
            replace(value, sampled_value=[self._signed(each, value, evse) for each in rows])
            for value in request.meter_value
            if (rows := value.sampled_value)
        ]
        return replace(request, meter_value=values)

    def _signed(
        self, sample: v21.SampledValueType, value: v21.MeterValueType, evse: Evse
    ) -> v21.SampledValueType:
        measurand = sample.measurand.value if sample.measurand else _REGISTER
        context = sample.context.value if sample.context else "Sample.Periodic"
        if measurand not in _CODES or not self._wants(context):
            return sample
        text = self._record(evse, value.timestamp, context, measurand, sample.value)
        return replace(
            sample,
            signed_meter_value=v21.SignedMeterValueType(
                signed_meter_data=b64encode(text.encode()).decode(),
                signing_method=METHOD,
                encoding_method=_ENCODING,
                public_key=self._told(evse),
            ),
        )

    def _told(self, evse: Evse) -> str:
        """The key where it is wanted, else nothing."""
        how = self._hub.variables.text("OCPPCommCtrlr", "PublicKeyWithSignedMeterValue")
        transaction_id = evse.transaction.id if evse.transaction else ""
        if how == "Never" or (how == "OncePerTransaction" and transaction_id in self._told_key):
            return ""
        self._told_key.add(transaction_id)
        return b64encode(self.public_key(evse.id)).decode()

    def _complete_1x(
        self, request: v16.StopTransactionRequest, evse: Evse
    ) -> v16.StopTransactionRequest:
        """A further value in the format SignedData; begin and end are in one record."""
        transaction = evse.transaction
        if transaction is None or not self._wants("Transaction.End"):
            return request
        context = v16.ReadingContext.TRANSACTION_BEGIN.value
        if transaction.id not in self._begun:
            at, wh = transaction.started_at, transaction.meter_start_wh
            self._record(evse, at, context, _REGISTER, wh)
        text = self._record(
            evse, request.timestamp, "Transaction.End", _REGISTER, request.meter_stop
        )
        sample = v16.SampledValue(
            value=text,
            context=v16.ReadingContext.TRANSACTION_END,
            format=v16.ValueFormat.SIGNED_DATA,
            measurand=v16.Measurand(_REGISTER),
        )
        value = v16.MeterValue(timestamp=request.timestamp, sampled_value=[sample])
        data = [] if request.transaction_data is UNSET else list(request.transaction_data)
        return replace(request, transaction_data=[*data, value])
