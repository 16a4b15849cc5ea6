"""The command ``chargeplane``: it puts the program together, and is the only part that prints.

``main`` is the entry point, ``composition`` puts together what ``serve`` and ``demo`` run.
"""
