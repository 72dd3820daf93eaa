"""Values and pure rules of market data: no I/O, no clock, no logging, no async."""
