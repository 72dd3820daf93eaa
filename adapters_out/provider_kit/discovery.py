"""Finds the providers: nobody lists them."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

from adapters_out.provider_kit.provider import Provider

ROOM = "adapters_out.providers"
GROUP = "fks_data.providers"


def discover() -> Mapping[str, Provider]:
    """Every provider by name: the modules of the room with a ``PROVIDER``, then the plug-ins.

    A plug-in is an entry point of the group ``fks_data.providers`` that names a
    :class:`Provider`.

    Raises:
        ValueError: two providers have one name.
        TypeError: a plug-in is no provider.
    """
    found: dict[str, Provider] = {}
    for origin, provider in (*_own(), *_plugged_in()):
        if not isinstance(provider, Provider):
            raise TypeError(f"{origin} is no Provider: name one in its entry point.")
        if provider.name in found:
            raise ValueError(f"{origin} brings a second provider called {provider.name}.")
        found[provider.name] = provider
    return found


def _own() -> Iterator[tuple[str, object]]:
    room = import_module(ROOM)
    for module in sorted(iter_modules(room.__path__, f"{ROOM}."), key=lambda m: m.name):
        provider = getattr(import_module(module.name), "PROVIDER", None)
        if provider is not None:
            yield module.name, provider


def _plugged_in() -> Iterator[tuple[str, object]]:
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        yield f"The plug-in {point.name}", point.load()
