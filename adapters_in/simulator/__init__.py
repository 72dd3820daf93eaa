"""A provider of synthetic market data that speaks every real provider's wire format."""
