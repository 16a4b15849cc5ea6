"""Virtual stations from the command line and the console: fleets, scenarios, single stations.

* ``command``: ``chargeplane simulate``; ``running`` runs a fleet and ``screen`` shows it;
  ``controller`` puts a local controller between, ``scenario`` plays a file
* ``simulator``: stations that people start and move in the console; ``replaying`` makes one say
  again what another has said
"""
