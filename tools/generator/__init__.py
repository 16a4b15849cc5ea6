"""The type generator: official facts -> a model of each version -> Python source.

``sources`` finds the schemas, ``from_json`` and ``from_soap`` read them into ``model``,
``render`` writes the model as the packages ``chargeplane.ocpp.v12`` ... ``v21``.
"""
