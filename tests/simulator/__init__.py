"""Tools that hold the simulator beside the one real scan, the papers' tables and the eye.

Agreement with the one real scan is calibration, never validation: the simulator's figures were set by looking at it.
"""
