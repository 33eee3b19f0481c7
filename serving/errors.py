"""Errors of the query path besides those of recognition; each message says what to do."""


class ServingError(Exception):
    """Base of every error that serving raises on purpose."""


class KeysError(ServingError):
    """The file of API keys cannot be used, or a name in it."""


class PortTakenError(ServingError):
    """Somebody else listens there, or the address is not this machine's."""
