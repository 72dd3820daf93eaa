"""``make docs``: the providers and what each can, as a page that no one has to keep true."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from adapters_out.provider_kit.discovery import discover
from adapters_out.provider_kit.provider import Provider
from bootstrap.catalogue import PREFERENCE
from bootstrap.settings import PREFIXES
from domain.interval import Interval
from domain.provider import Basis, Capabilities, Capability, Window

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"
_HEAD = """# Providers

Written by `make docs` from the provider files; do not edit. In the order in which they are asked
when `FKS_PROVIDERS` names none. A provider whose key is needed and missing is listed and skipped.

"""
_BASIS = {
    Basis.VENUE: "one venue",
    Basis.CONSOLIDATED: "consolidated tape",
    Basis.AGGREGATE: "average over venues",
}
_SPANS = {1: "second", 60: "minute", 3600: "hour", 86_400: "day"}
_NOTES = """
Marked with *: not the provider's own, but rolled up on read from its longest interval that fits,
and said in the answer (`rolled_up_from`). Prices are as traded unless the last column says what
they are adjusted for already. Weights are in the provider's own unit; `FKS_<P>_RPS`, `FKS_<P>_RPM`
and `FKS_<P>_RPD` override them.
"""


def page() -> str:
    """The whole page."""
    found = discover()
    names = sorted(found, key=lambda name: ([*PREFERENCE, name].index(name), name))
    chosen = [found[name] for name in names]
    parts = (
        ("What each answers", _capabilities(chosen)),
        ("Bars", _bars(chosen)),
        ("Keys and limits", _limits(chosen)),
    )
    return _HEAD + "\n".join(f"## {title}\n\n{table}" for title, table in parts) + _NOTES


def _capabilities(found: Sequence[Provider]) -> str:
    kinds = tuple(Capability)
    head = ("provider", "assets", *(kind.value for kind in kinds))
    rows = (
        (
            f"`{each.name}`",
            _listed(sorted(kind.value for kind in each.capabilities.asset_classes)),
            *(_offered(each.capabilities, kind) for kind in kinds),
        )
        for each in found
    )
    return _table(head, rows)


def _offered(can: Capabilities, kind: Capability) -> str:
    """Yes, or of which classes of assets only."""
    if kind not in can.offers:
        return ""
    whose = sorted(k.value for k in can.asset_classes if can.can(kind, k))
    return "yes" if len(whose) == len(can.asset_classes) else _listed(whose)


def _bars(found: Sequence[Provider]) -> str:
    head = (
        "provider",
        "prices are of",
        *(i.value for i in Interval),
        "volume",
        "a page",
        "adjusted",
    )
    rows = (
        (
            f"`{each.name}`",
            _BASIS[each.capabilities.basis],
            *(_mark(each, interval) for interval in Interval),
            _volume(each),
            str(each.capabilities.page_bars),
            each.capabilities.adjusted,
        )
        for each in found
        if each.bars is not None
    )
    return _table(head, rows)


def _volume(provider: Provider) -> str:
    can = provider.capabilities
    whose = [kind for kind in can.asset_classes if can.has_volume(kind)]
    return "yes" if len(whose) == len(can.asset_classes) else _listed(k.value for k in whose)


def _mark(provider: Provider, interval: Interval) -> str:
    source = provider.capabilities.source(interval)
    return "" if source is None else "yes" if source is interval else "*"


def _limits(found: Sequence[Provider]) -> str:
    head = ("provider", "variables begin with", "key", "requests a second", "weight")
    rows = (
        (
            f"`{each.name}`",
            f"`FKS_{PREFIXES.get(each.name, each.name.upper())}_`",
            _key(each),
            f"{each.policy.rps:g}" if each.policy.rps else "`FKS_DEFAULT_RPS`",
            _listed(map(_window, each.policy.windows)),
        )
        for each in found
    )
    return _table(head, rows)


def _key(provider: Provider) -> str:
    if provider.auth is None:
        return "none"
    return "needed" if provider.auth.required else "optional"


def _window(window: Window) -> str:
    span = _SPANS.get(window.seconds) or _days_or_seconds(window.seconds)
    return (
        f"{window.limit:g} a {span}" if window.seconds in _SPANS else f"{window.limit:g} in {span}"
    )


def _days_or_seconds(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    return f"{seconds} s" if rest or not days else f"{days} days"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(map(_line, (head, ["---"] * len(head), *rows)))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PAGE.name} written\n")
