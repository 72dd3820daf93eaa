"""Comparing entity tags (RFC 9110, 8.8.3 and 13.1.2)."""


def names(if_none_match: str, etag: str) -> bool:
    """Whether the header names the tag, by weak comparison; ``*`` names every one."""
    if if_none_match.strip() == "*":
        return True
    return etag.removeprefix("W/") in {
        tag.strip().removeprefix("W/") for tag in if_none_match.split(",")
    }
