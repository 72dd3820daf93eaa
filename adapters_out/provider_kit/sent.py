"""One call that has left, as a value."""

from msgspec import Struct

from adapters_out.provider_kit.calls import Call, Reply
from domain.circuit import ProviderHealth


class Sent(Struct):
    """A call that has left (or whose reply was ``kept``), and what is known of its end.

    ``silent``: nothing came in a time in which there always is something.
    """

    call: Call
    endpoint: str
    request_id: str = ""
    seen: ProviderHealth = ProviderHealth()
    probe: bool = False
    seconds: float = 0.0
    reply: Reply = Reply(0, b"")
    kept: bool = False
    silent: bool = False
