"""Osteoscope: a workstation for whole-body bone scintigraphy. For research; not a medical device."""

__version__ = "0.1.0"
