"""The providers of this installation, as the operator wants them."""

from collections.abc import Mapping

from msgspec.structs import replace

from adapters_out.provider_kit.body_room import BodyRoom
from adapters_out.provider_kit.discovery import discover
from adapters_out.provider_kit.kit_provider import KitProvider
from adapters_out.provider_kit.provider import Provider
from adapters_out.provider_kit.settings import ProviderSettings
from bootstrap.settings import ProviderEnvironment, Settings, key_name
from ports.actions import ActionCatalogue
from ports.assets import AssetCatalogue
from ports.clock import Chance, Clock
from ports.futures import FuturesCatalogue
from ports.health_board import HealthBoard
from ports.market_data import MarketDataProvider, ProviderCatalogue
from ports.pacing import Pacer
from ports.telemetry import Telemetry
from ports.ticks import TickCatalogue

# Our order when the operator names none: deep and free first.
PREFERENCE = (
    *("binance", "kraken", "coinbase", "kucoin"),
    *("polygon", "eodhd", "alpha_vantage", "yahoo"),
    *("massive_futures", "coinmarketcap", "coingecko"),
)


class KitCatalogue(
    ProviderCatalogue, TickCatalogue, ActionCatalogue, FuturesCatalogue, AssetCatalogue
):
    """One :class:`KitProvider` per discovered provider that FKS_PROVIDERS allows."""

    def __init__(  # the ports that every provider stands on
        self,
        settings: Settings,
        pacer: Pacer,
        health: HealthBoard,
        clock: Clock,
        chance: Chance,
        telemetry: Telemetry,
    ) -> None:
        """Make the providers; nothing is opened before the first call."""
        found = discover()
        names = settings.providers or sorted(found, key=_place)
        room = BodyRoom()
        self._providers = {
            name: KitProvider(
                _with_default_rate(_on_plan(found[name], environment), settings.default_rps),
                _overrides(environment, key_name(name)),
                pacer=pacer,
                health=health,
                clock=clock,
                chance=chance,
                telemetry=telemetry,
                room=room,
            )
            for name in names
            for environment in [settings.provider_environment.get(name, ProviderEnvironment())]
        }

    def all(self) -> Mapping[str, MarketDataProvider]:
        """By name, most preferred first."""
        return self._providers

    def source(self, name: str) -> KitProvider:
        """The provider of that name."""
        return self._providers[name]

    async def aclose(self) -> None:
        """Close every connection."""
        for provider in self._providers.values():
            await provider.close()


def _place(name: str) -> tuple[int, str]:
    place = PREFERENCE.index(name) if name in PREFERENCE else len(PREFERENCE)
    return place, name


def _on_plan(provider: Provider, environment: ProviderEnvironment) -> Provider:
    """As the holder of that plan sees it: the host and the header go with the kind of key."""
    return provider.on_plan(environment.plan, has_key=bool(environment.api_key))


def _with_default_rate(provider: Provider, rps: float) -> Provider:
    """A provider that names no rate of its own gets the operator's default."""
    if provider.policy.rps > 0:
        return provider
    return replace(provider, policy=replace(provider.policy, rps=rps))


def _overrides(environment: ProviderEnvironment, named: str) -> ProviderSettings:
    return ProviderSettings(
        base_url=environment.base_url,
        api_key=environment.api_key,
        rps=environment.rps,
        rpm=environment.rpm,
        rpd=environment.rpd,
        timeout_s=environment.timeout_s,
        key_name=named,
    )
