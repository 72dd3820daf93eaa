"""The HTTP way in: REST for everybody who wants market data (Litestar behind a thin ASGI front)."""
