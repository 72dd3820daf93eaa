"""Keys out of everything that people or machines read later."""

import re
from hashlib import blake2b
from urllib.parse import quote, quote_plus

from domain.secret import Secret

_NAMED = re.compile(
    r"(?i)\b([\w-]*(?:api[_-]?key|apikey|api_token|access_token|authorization|signature)"
    r"[\w-]*[\"']?\s*[=:]\s*[\"']?(?:bearer\s+)?)[^\s&\"',;)]+"
)
STARS = "***"


class Redactor:
    """Replaces one provider's key, however it is spelled, and whatever is named like a key."""

    __slots__ = ("_spellings", "mark")

    def __init__(self, secret: Secret | None) -> None:
        """Prepare the spellings: plain and URL-encoded.

        ``mark`` tells the key from others and gives nothing of it away; empty without one.
        """
        value = secret.reveal() if secret else ""
        self.mark = blake2b(value.encode(), digest_size=4).hexdigest() if value else ""
        spellings = {value, quote(value, safe=""), quote_plus(value)} - {""}
        self._spellings = sorted(spellings, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """The text without keys."""
        for spelling in self._spellings:
            text = text.replace(spelling, STARS)
        return _NAMED.sub(rf"\1{STARS}", text)
