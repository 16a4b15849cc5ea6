"""Strangers at the running program: stations that others wrote, and clients of its REST interface.

``running`` is the program as a child process, ``stranger`` what all stations have in common, and
``words`` what they say. ``python_station``, ``node_station`` and ``zeep_station`` are the stations.
"""
