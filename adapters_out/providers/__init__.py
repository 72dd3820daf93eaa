"""One file per provider, each a value: ``PROVIDER``. Found by discovery, listed nowhere."""
