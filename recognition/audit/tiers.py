"""Which class is trained, which is only looked up, which is kept out; and the reason, in one word, for each."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType

from recognition.audit.labels import ResolvedLabel
from recognition.vocabulary import Tier, TierReason


@dataclass(frozen=True, slots=True)
class ClassCount:
    """What there is to learn one class (SKU) from.

    Attributes:
        sku: the class.
        samples: near-duplicate groups of its usable photos without conflict. Ten copies of one photo are one sample.
        images: all photos that anyone who counts calls this SKU, the two kinds below among them.
        conflicts: usable ones whose labels contradict each other.
        unusable: those that the quality rules refuse, placeholders among them.
        withdrawn: whether a person said that it is not to be served.
    """

    sku: str
    samples: int
    images: int
    conflicts: int
    unusable: int
    withdrawn: bool = False

    @property
    def conflict_share(self) -> float:
        """Share of the photos whose labels contradict each other, 0 where there is no photo."""
        return self.conflicts / self.images if self.images else 0.0


@dataclass(frozen=True, slots=True)
class TierPolicy:
    """The limits between tiers.

    Attributes:
        trained_minimum: samples from which a class is trained.
        hysteresis: samples that a trained class may lose and stay trained, so that one deleted photo does not flap it.
        max_conflict_share: share of photos under conflict above which a class is quarantined.
    """

    trained_minimum: int = 50
    hysteresis: int = 5
    max_conflict_share: float = 0.3


@dataclass(frozen=True, slots=True)
class TierDecision:
    """The tier of one class, and why."""

    sku: str
    tier: Tier
    reason: TierReason
    samples: int


def count_classes(
    labels: Iterable[ResolvedLabel],
    unusable: AbstractSet[str],
    groups: Mapping[str, str],
    skus: Iterable[str] = (),
    families: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, ClassCount]:
    """Count what each class has.

    A photo that two sizes or colours of one product share is a sample of neither, but nobody contradicts anybody. Nor
    is an unusable photo in conflict: a placeholder at every product says nothing of any of them.

    Args:
        labels: the label of each photo; those that name no SKU count for no class.
        unusable: sha256 of the photos that the quality rules refuse.
        groups: near-duplicate group of each usable photo; a photo that is not in it is a group of its own.
        skus: classes to count even where they have no photo.
        families: what the sizes and colours of one product have in common, for the SKUs that have such.
    """
    samples: defaultdict[str, set[str]] = defaultdict(set)
    images, conflicts, refused = Counter[str](), Counter[str](), Counter[str]()
    for label in labels:
        claims = label.claims or ((label.sku,) if label.sku else ())
        images.update(claims)
        if label.sha256 in unusable:
            refused.update(claims)
        elif label.conflict and len({families.get(sku, sku) for sku in claims}) > 1:
            conflicts.update(claims)
        elif not label.conflict:
            for sku in claims:
                samples[sku].add(groups.get(label.sha256, label.sha256))
    every = sorted({*images, *skus})
    return {sku: ClassCount(sku, len(samples[sku]), images[sku], conflicts[sku], refused[sku]) for sku in every}


def decide_tier(count: ClassCount, previous: Tier | None, policy: TierPolicy = TierPolicy()) -> TierDecision:
    """Decide the tier of one class; more samples never lead to a lower tier.

    Args:
        count: what the class has now.
        previous: its tier after the last audit, None for a new class.
        policy: the limits.
    """
    tier, reason = _tier_and_reason(count, previous, policy)
    return TierDecision(count.sku, tier, reason, count.samples)


def _tier_and_reason(count: ClassCount, previous: Tier | None, policy: TierPolicy) -> tuple[Tier, TierReason]:
    if count.withdrawn:
        return Tier.QUARANTINED, TierReason.WITHDRAWN
    if count.conflict_share > policy.max_conflict_share:
        return Tier.QUARANTINED, TierReason.CONFLICTING_LABELS
    if count.samples == 0:
        return Tier.QUARANTINED, TierReason.NO_USABLE_SAMPLE
    if count.samples >= policy.trained_minimum:
        return Tier.TRAINED, TierReason.ENOUGH_SAMPLES
    if previous is Tier.TRAINED and count.samples >= policy.trained_minimum - policy.hysteresis:
        return Tier.TRAINED, TierReason.KEPT_BY_HYSTERESIS
    return Tier.GALLERY, TierReason.TOO_FEW_SAMPLES
