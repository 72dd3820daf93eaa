"""Where a provider lives: its base URL, and mirrors of the same data, the best first."""

from collections.abc import Sequence

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.faults import ShutOut, StaleConnection
from domain.errors import ProviderError, ProviderUnavailable
from ports.clock import Clock

_AWAY_S = 3600.0  # a location does not change often, and a mirror is as good
_FORBIDDEN, _LOCATION = 403, 451


class Origins:
    """The origin in use: the first that has not turned us away within the last hour."""

    def __init__(self, base_url: str, mirrors: Sequence[str], clock: Clock) -> None:
        """Everybody is willing."""
        self._clock = clock
        self._closed_until = {url.rstrip("/"): 0.0 for url in (base_url, *mirrors)}

    @property
    def current(self) -> str:
        """Whom to ask now: the first of all if everybody has turned us away."""
        return self._open() or next(iter(self._closed_until))

    def after(self, origin: str, reply: Reply, error: ProviderError) -> ProviderError:
        """The error of a call to ``origin``: :class:`ShutOut` if a mirror may answer instead.

        A refusal of our location (451) or address (a firewall's page, 403) holds for that host
        alone. One that is out of order is left as well, but that fault counts as any other.
        """
        shut = reply.status == _LOCATION or (reply.status == _FORBIDDEN and reply.is_html)
        if not shut and not _is_out_of_order(error):
            return error
        self.leave(origin)
        if not shut or self._open() is None:
            return error
        return ShutOut(error.message, provider=error.provider)

    def leave(self, origin: str) -> None:
        """Try others for an hour; also where the host has been silent."""
        self._closed_until[origin] = self._clock.monotonic() + _AWAY_S

    def _open(self) -> str | None:
        now = self._clock.monotonic()
        return next((url for url, until in self._closed_until.items() if until <= now), None)


def _is_out_of_order(error: ProviderError) -> bool:
    """Whether the host failed, and not merely an old connection to it, or our patience."""
    broken = isinstance(error, ProviderUnavailable) and error.retry
    return broken and not isinstance(error, StaleConnection)
