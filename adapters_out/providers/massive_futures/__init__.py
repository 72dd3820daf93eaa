"""Massive futures: the provider, its lists and its ticks."""

from adapters_out.providers.massive_futures.provider import PROVIDER, massive_futures

__all__ = ["PROVIDER", "massive_futures"]
