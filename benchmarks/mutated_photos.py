"""Pictures as storms, disks and strangers leave them."""

from collections.abc import Iterator, Sequence

import numpy as np


def mutated_photos(sources: Sequence[bytes], count: int, seed: int = 0) -> Iterator[bytes]:
    """Take each source in turn and cut it off, flip some of its bytes, tear a hole, repeat a part, or mix two."""
    random = np.random.default_rng(seed)
    for at in range(count):
        photo = bytearray(sources[at % len(sources)])
        start, stop = sorted(int(place) for place in random.integers(0, len(photo), 2))
        match at % 5:
            case 0:
                del photo[start:]
            case 1:
                for place in random.integers(0, len(photo), 1 + int(random.integers(64))):
                    photo[place] = int(random.integers(256))
            case 2:
                del photo[start:stop]
            case 3:
                photo[start:start] = photo[start:stop]
            case 4:
                head = int(random.integers(4, 64))
                other = sources[int(random.integers(len(sources)))]
                photo = bytearray(photo[:head] + other[head:])
        yield bytes(photo)
