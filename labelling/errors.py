"""Errors of the labelling package; each message says what to do."""


class LabellingError(Exception):
    """Base of every error that labelling raises on purpose."""


class LabelStudioDownError(LabellingError):
    """Nothing answers at the address of Label Studio, or it broke off; nothing is lost, ask again later."""


class LabelStudioAuthError(LabellingError):
    """Label Studio refuses the token."""


class LabelStudioRefusedError(LabellingError):
    """Label Studio answered, but would not do what was asked of it."""


class LabelStudioServerError(LabellingError):
    """The local Label Studio could not be started; the message ends with the last lines of its log."""
