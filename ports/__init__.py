"""What the use cases ask of the outside world, as Protocols in business nouns."""
