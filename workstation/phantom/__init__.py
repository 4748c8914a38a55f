"""Simulated whole-body bone scans with known truth."""
