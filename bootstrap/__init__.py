"""The composition root: settings, containers, life span and entry points."""
