"""Text that came from outside."""


def storable_text(foreign: str) -> str:
    """The same as PostgreSQL can store it: no NUL, no half of a surrogate pair."""
    return foreign.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()
