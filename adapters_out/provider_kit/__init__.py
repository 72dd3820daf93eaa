"""The machinery that all providers share, and the vocabulary in which a provider is written.

A provider file imports from here and declares ``PROVIDER``; see docs/add-a-provider.md.
"""
