"""What validation may choose between, and the words in which reports say it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from recognition.encoders.protocol import Block
from recognition.heads.metric import MetricKind
from recognition.vocabulary import SuperclassMethod

_COLOUR = "colour"
_PREFERRED = (MetricKind.DISCRIMINANT, MetricKind.PLAIN, MetricKind.WHITENED)


class FineMethod(StrEnum):
    """How the prototype of a class is found; the simplest first."""

    MEANS = "prototypes"
    LINEAR = "linear"
    REFINED = "refined"


_SIMPLEST = tuple(FineMethod)


@dataclass(frozen=True)
class Choice:
    """One combination of everything that training chooses.

    Attributes:
        metric: how each block of columns is mapped.
        colour_weight: how much the colour block weighs beside the embedding; 0 leaves it out.
        fine: class means, prototypes learned by a linear head, or those of a refinement that is learned with them.
        superclasses: how they were found.
        coarse_weight: how much the coarse head counts; 0 is flat.
    """

    metric: MetricKind
    colour_weight: float = 0.0
    fine: FineMethod = FineMethod.MEANS
    superclasses: str = SuperclassMethod.UMAP.value
    coarse_weight: float = 0.0

    @property
    def method(self) -> str:
        """The name under which reports show it."""
        colour = f", colour {self.colour_weight:g}" if self.colour_weight else ""
        level = "flat" if self.coarse_weight == 0 else f"soft routing over {self.superclasses} superclasses"
        return f"{self._fine}{colour}, {level}"

    @property
    def _fine(self) -> str:
        if self.fine is FineMethod.LINEAR:
            return f"linear on {self.metric}"
        return f"{'refined' if self.fine is FineMethod.REFINED else self.metric.value} prototypes"

    @property
    def simplicity(self) -> tuple[float, ...]:
        """What decides a tie: the higher, the rather it is taken."""
        return (-self.coarse_weight, -self.colour_weight, -_SIMPLEST.index(self.fine), _PREFERRED.index(self.metric))

    def block_weights(self, layout: Sequence[Block]) -> tuple[float, ...]:
        """The weight of each block of a layout."""
        return tuple(self.colour_weight if block.name == _COLOUR else 1.0 for block in layout) or (1.0,)
