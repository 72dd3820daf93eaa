"""Names as people type them."""

from domain.provider import PROVIDER_ALIASES


def full_name(provider: str | None) -> str | None:
    """The provider's own name for one by which it is known too; None stays None."""
    return None if provider is None else PROVIDER_ALIASES.get(provider, provider)
