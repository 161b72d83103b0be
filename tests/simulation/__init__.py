"""Deterministic simulation of the whole application in a hostile world (docs/simulation.md)."""
