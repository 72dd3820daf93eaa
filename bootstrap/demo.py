"""The demo: the real adapters against the simulator, wholly by itself."""

from dataclasses import replace

from bootstrap.settings import ProviderEnvironment, Settings
from domain.secret import Secret


def demo_settings(settings: Settings, base_urls: dict[str, str]) -> Settings:
    """Point every provider at the simulator and keep away from real stores.

    Synthetic bars must never meet real ones: DATABASE_URL and REDIS_URL are not used, and the
    embedded store lies in a directory of its own below the data dir.
    """
    environment = {
        name: ProviderEnvironment(
            base_url=base_urls[name],
            api_key=Secret("demo-key"),
            rps=settings.provider_environment[name].rps,
            rpm=settings.provider_environment[name].rpm,
            rpd=settings.provider_environment[name].rpd,
            timeout_s=settings.provider_environment[name].timeout_s,
        )
        for name in base_urls
        if name in settings.provider_environment
    }
    return replace(
        settings,
        data_dir=settings.data_dir / "demo",
        database_url=None,
        redis_url=None,
        provider_environment=environment,
    )
