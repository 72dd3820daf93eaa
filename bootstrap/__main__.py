"""`python -m bootstrap` is `fks-data`."""

from bootstrap.main import main

main()
