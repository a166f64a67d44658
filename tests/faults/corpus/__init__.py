"""Faults on a real cluster, and whether a diagnosis names their cause."""
