"""What the annotator sees: the labelling interface, the same for every task."""


def labelling_config() -> str:
    """Return the labelling interface as Label Studio XML."""
    raise NotImplementedError
