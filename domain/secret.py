"""A value that must never be shown."""

from typing import NoReturn


class Secret:
    """A key or password: printed, formatted and logged as ``***``, never pickled.

    Only the code that sends it calls :meth:`reveal`.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Wrap the value."""
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __bool__(self) -> bool:
        """Whether there is anything to hide."""
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        """Whether both hide the same value."""
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        """Equal secrets are one key of a mapping."""
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        """Three stars, whatever is hidden."""
        return "***"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        """Refuse: a queue or cache is no place for a secret.

        Raises:
            TypeError: always.
        """
        message = "A secret is not pickled: send its name, and read it where it is used."
        raise TypeError(message)
