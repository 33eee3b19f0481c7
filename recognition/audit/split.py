"""The 90/10 split: by near-duplicate group, the same share of every class, and for ever."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from recognition.vocabulary import Part

_KEY = b"skuloop split 1"  # another key is another split: releases before and after could not be compared


def assign_parts(
    groups: Mapping[str, str],
    members: Mapping[str, Sequence[str]],
    existing: Mapping[str, Part],
    holdout_share: float = 0.1,
    minimum_to_hold_out: int = 5,
) -> dict[str, Part]:
    """Put every photo on one side of the split, whole groups at a time.

    A photo keeps its part for ever, so that two releases are measured on the same photos. There is one exception: when
    a new photo turns out to connect a held-out group with a trained one, all of it is TRAIN, because a leak is worse
    than a smaller holdout. New groups fill each class up to its share of held-out groups, chosen by a keyed hash of the
    group's name: neither order nor a random state has a say.

    Args:
        groups: near-duplicate group -> SKU. A group whose photos carry several SKUs goes under any one of them: it must
            not be divided, since it is the pixels that leak.
        members: near-duplicate group -> sha256 of its photos, for the same groups.
        existing: the parts that were given before; photos that are in no group now are ignored.
        holdout_share: share of each class's groups to hold out, at least 0 and below 1.
        minimum_to_hold_out: groups below which a class is not split and wholly TRAIN.

    Returns:
        The part of each photo in `members`.
    """
    _check(groups, members, holdout_share)
    parts = {group: _part_before(photos, existing) for group, photos in members.items()}
    groups_of_sku: defaultdict[str, list[str]] = defaultdict(list)
    for group, sku in groups.items():
        groups_of_sku[sku].append(group)
    for of_sku in groups_of_sku.values():
        held_out = sum(parts[group] is Part.HOLDOUT for group in of_sku)
        wanted = _groups_to_hold_out(len(of_sku), holdout_share, minimum_to_hold_out) - held_out
        fresh = sorted((group for group in of_sku if parts[group] is None), key=_rank)
        for place, group in enumerate(fresh):
            parts[group] = Part.HOLDOUT if place < wanted else Part.TRAIN
    return {sha256: part for group, part in parts.items() if part is not None for sha256 in members[group]}


def _part_before(photos: Sequence[str], existing: Mapping[str, Part]) -> Part | None:
    """Return the part that a group must keep; None when all its photos are new."""
    before = {existing[sha256] for sha256 in photos if sha256 in existing}
    if Part.TRAIN in before:
        return Part.TRAIN
    return Part.HOLDOUT if before else None


def _groups_to_hold_out(n: int, share: float, minimum: int) -> int:
    """Return how many of n groups to hold out: the share, rounded, at least one and never all."""
    if n < minimum or share == 0:
        return 0
    return min(max(math.floor(share * n + 0.5), 1), n - 1)


def _rank(group: str) -> bytes:
    return blake2b(group.encode(), key=_KEY, digest_size=16).digest()


def _check(groups: Mapping[str, str], members: Mapping[str, Sequence[str]], holdout_share: float) -> None:
    if not 0 <= holdout_share < 1:
        raise ValueError(f"holdout_share must be at least 0 and below 1, not {holdout_share}.")
    if groups.keys() != members.keys():
        raise ValueError(f"Every group needs a SKU and members: {sorted(groups.keys() ^ members.keys())[:3]} lack one.")
    photos = [sha256 for of_group in members.values() for sha256 in of_group]
    if len(photos) != len(set(photos)):
        raise ValueError("A photo is listed in two groups: group them anew with near_duplicate_groups.")
