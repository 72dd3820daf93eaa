"""One call that has left, as a value."""

from msgspec import Struct
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Reply
from domain.circuit import ProviderHealth
from domain.provider import Priority


class Sent(Struct):
    """A call that has left (or whose reply was ``kept``), and what is known of its end.

    ``silent``: nothing came in a time in which there always is something. ``size`` is how many
    bytes the body of the reply has, or had.
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
    priority: Priority = Priority.INTERACTIVE
    size: int = 0

    def answered(self, reply: Reply) -> None:
        """Take the reply."""
        self.reply = reply
        self.size = len(reply.body)

    def let_go(self) -> None:
        """Let go of the body, which nobody will read again: what comes now may take long."""
        self.reply = replace(self.reply, body=b"")
