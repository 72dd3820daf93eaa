"""The page about the providers is what their files say."""

from tests.architecture.provider_table import PAGE, page


def test_the_page_is_current() -> None:
    """Whoever changes a provider file runs `make docs`."""
    assert PAGE.read_text("utf-8") == page(), "docs/providers.md is old: run `make docs`."
