"""Frozen inputs and the apps under test. Append-only: a changed input is a new name."""
