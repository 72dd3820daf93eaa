"""One module per provider, named as in the API; each offers a ``DIALECT``. Nobody lists them."""
