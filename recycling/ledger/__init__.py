"""The energy ledger: what surrounds the heat of an erasure, from the bath to the wall plug.

``aqfp`` is the classical gate to compare with, ``error_correction`` the heat of quantum error
correction, ``of_run`` the rows of a stored run.
"""
