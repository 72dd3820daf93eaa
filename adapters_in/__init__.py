"""Ways in: they turn a request of the outside world into a call of a use case."""
