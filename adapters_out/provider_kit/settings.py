"""What an operator may say about a provider, and the policy that follows."""

from msgspec import Struct
from msgspec.structs import replace

from domain.provider import ProviderPolicy, Window
from domain.secret import Secret

_MINUTE, _DAY = 60, 86_400


class ProviderSettings(Struct, frozen=True, kw_only=True):
    """None keeps the provider's own value.

    ``base_url`` may have a path; ``rps`` is the hard cap on requests in any second; ``rpm`` and
    ``rpd`` replace the windows of a minute and of a day, in the provider's own weight (0: none);
    ``timeout_s`` bounds one call in total; ``key_name`` is what the operator calls the key.
    """

    base_url: str | None = None
    api_key: Secret | None = None
    rps: float | None = None
    rpm: float | None = None
    rpd: float | None = None
    timeout_s: float | None = None
    key_name: str = ""


def policy_in_force(policy: ProviderPolicy, settings: ProviderSettings) -> ProviderPolicy:
    """The provider's policy with the operator's overrides."""
    windows = _overridden(policy.windows, _MINUTE, settings.rpm)
    return replace(
        policy,
        rps=policy.rps if settings.rps is None else settings.rps,
        timeout_s=policy.timeout_s if settings.timeout_s is None else settings.timeout_s,
        windows=_overridden(windows, _DAY, settings.rpd),
    )


def fixed_windows(settings: ProviderSettings) -> frozenset[int]:
    """Lengths (s) of the windows about which the operator has spoken."""
    said = {_MINUTE: settings.rpm, _DAY: settings.rpd}
    return frozenset(seconds for seconds, limit in said.items() if limit is not None)


def _overridden(
    windows: tuple[Window, ...], seconds: int, limit: float | None
) -> tuple[Window, ...]:
    if limit is None:
        return windows
    own = next((w for w in windows if w.seconds == seconds), Window(limit, seconds))
    others = tuple(w for w in windows if w.seconds != seconds)
    return (*others, replace(own, limit=limit)) if limit > 0 else others
