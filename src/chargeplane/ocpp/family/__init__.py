"""One set of types for each family: 1.2 and 1.5 as 1.6, 2.0.1 as 2.1, and back.

``lift`` gives an older message as the newest version of its family says it; ``lower`` says a newest
message in an older version. What is lost or had to be assumed on the way is told, place by place:
nothing is changed in silence. What differs between two versions is data: ``tables_1x`` and
``tables_2x``.
"""

from chargeplane.ocpp.family.remarks import Lifted, Lowered, Remark
from chargeplane.ocpp.family.translate import lift, lower, said_in

__all__ = ["Lifted", "Lowered", "Remark", "lift", "lower", "said_in"]
