"""Read WSDL files of OCPP-S into the facts that the type generator needs: tools/tables/soap.json.

The WSDLs themselves are the Open Charge Alliance's and are not kept here. The table holds names,
types, order and cardinality. ``tests/ocpp/soap`` reads the WSDLs that chargeplane writes with the
same function and compares.

    python -m tools.read_wsdl FOLDER      # any folder with the six official files
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from lxml import etree

TABLE = Path(__file__).parent / "tables" / "soap.json"
XSD = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
VERSION_OF_DATE = {"2010/08": "1.2", "2012/06": "1.5", "2015/10": "1.6"}

Facts = dict[str, Any]


def read_service(source: bytes) -> tuple[str, str, Facts]:
    """The version ("1.5"), the service ("Cs" or "Cp") and the facts of one WSDL."""
    root = etree.fromstring(source)
    namespace = root.get("targetNamespace", "")
    _, _, _, service, year, month, *_ = namespace.split("/")
    facts: Facts = {"types": {}, "enums": {}, "strings": {}, "operations": []}
    for simple in root.iter(f"{XSD}simpleType"):
        _read_simple(simple, facts)
    for complex_type in root.iter(f"{XSD}complexType"):
        if complex_type.get("name"):
            _read_complex(complex_type, facts)
    port_type = root.find(f"{WSDL}portType")
    assert port_type is not None
    facts["operations"] = sorted(str(o.get("name")) for o in port_type.iter(f"{WSDL}operation"))
    return VERSION_OF_DATE[f"{year}/{month}"], service, facts


def _read_simple(element: etree._Element, facts: Facts) -> None:
    values = [str(e.get("value")) for e in element.iter(f"{XSD}enumeration")]
    lengths = [int(str(e.get("value"))) for e in element.iter(f"{XSD}maxLength")]
    if values:
        facts["enums"][element.get("name")] = values
    elif lengths:
        facts["strings"][element.get("name")] = lengths[0]


def _read_complex(element: etree._Element, facts: Facts) -> None:
    fields = []
    for child in element.iter(f"{XSD}element"):
        kind = child.get("type")
        if kind is None:  # 1.5 describes the text and attributes of a meter value in place
            kind = "Value"
            facts["types"]["Value"] = [["value", "string", 1, 1]] + [
                [a.get("name"), _local(a.get("type")), 0, 1] for a in child.iter(f"{XSD}attribute")
            ]
        most = child.get("maxOccurs", "1")
        fields.append(
            [
                child.get("name"),
                _local(kind),
                int(child.get("minOccurs", "1")),
                None if most == "unbounded" else int(most),
            ]
        )
    facts["types"][element.get("name")] = fields


def _local(name: str | None) -> str:
    return str(name).rpartition(":")[2]


def merge(services: list[tuple[str, str, Facts]]) -> dict[str, Facts]:
    """One table per version. A type that both services define must be the same in both."""
    table: dict[str, Facts] = {}
    for version, service, facts in sorted(services, key=lambda s: s[:2]):
        merged = table.setdefault(
            version, {"operations": {}, "types": {}, "enums": {}, "strings": {}}
        )
        merged["operations"][service] = facts["operations"]
        for kind in ("types", "enums", "strings"):
            for name, value in facts[kind].items():
                if merged[kind].setdefault(name, value) != value:
                    raise SystemExit(f"{version}: the two services disagree about {name}")
    return table


def _dump(table: dict[str, Facts]) -> str:
    """JSON with one type, enumeration or service per line, so that a difference is readable."""
    versions = []
    for version, facts in table.items():
        groups = []
        for kind, members in facts.items():
            rows = ",\n".join(f"   {json.dumps(k)}: {json.dumps(v)}" for k, v in members.items())
            groups.append(f'  "{kind}": {{\n{rows}\n  }}')
        versions.append(f' "{version}": {{\n' + ",\n".join(groups) + "\n }")
    return "{\n" + ",\n".join(versions) + "\n}\n"


def main(folder: str) -> None:
    """Write the table from the WSDL files in ``folder``."""
    services = [read_service(path.read_bytes()) for path in sorted(Path(folder).glob("*.wsdl"))]
    TABLE.write_text(_dump(merge(services)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
