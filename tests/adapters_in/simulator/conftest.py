"""Hypothesis without a stop-watch: these laws are about values, and machines are shared."""

from hypothesis import settings

settings.register_profile("simulator", deadline=None)
settings.load_profile("simulator")
