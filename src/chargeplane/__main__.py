"""``python -m chargeplane`` is the command ``chargeplane``."""

from chargeplane.cli.main import main

main()
