"""The way in for work that nobody waits for: jobs from a queue, and the watch over them."""
