"""Hypothesis keeps no database and no stop-watch: a loaded machine is no failure."""

from hypothesis import settings

settings.register_profile("mapping", database=None, deadline=None)
settings.load_profile("mapping")
