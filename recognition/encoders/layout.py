"""Which columns of an encoder's rows are what, known without loading a model."""

from recognition.encoders.protocol import Block
from recognition.encoders.spec import EncoderSpec
from recognition.pictures.colour import COLOUR_WIDTH


def layout_of(spec: EncoderSpec, dimension: int) -> tuple[Block, ...]:
    """The blocks of rows of `dimension` numbers, from the left; none where there are no rows to measure."""
    if not dimension:
        return ()
    if not spec.colour:
        return (Block("embedding", dimension),)
    return Block("embedding", dimension - COLOUR_WIDTH), Block("colour", COLOUR_WIDTH)
