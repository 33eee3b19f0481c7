"""The heads in a safetensors file: written as tensors, opened as views into the memory-mapped file.

What is large (prototypes, likelihoods) is read from the disk when a photo needs it, and shared by all processes that
have the release open.
"""

import json
import mmap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.files import replaced
from recognition.heads.coarse_head import CoarseHead
from recognition.heads.first_day import FirstDay
from recognition.heads.metric import Metric, MetricPart
from recognition.heads.refinement import Refinement
from recognition.heads.scoring import Heads
from recognition.heads.two_covariance import TwoCovariance
from recognition.heads.whitening import Whitening
from recognition.index.embeddings import Embeddings
from recognition.index.index import Index
from recognition.release.manifest import Manifest
from recognition.vocabulary import Tier

_REFINEMENT, _FIRST_DAY = "refinement.", "first_day."
_TYPES: Mapping[str, type[np.generic]] = {"F32": np.float32, "F64": np.float64, "I64": np.int64}
Tensors = Mapping[str, NDArray[Any]]


def write_heads(path: Path, heads: Heads, index: Index) -> None:
    """Write heads and index rows as safetensors; vectors that are the prototypes themselves are stored once."""
    from safetensors.numpy import save_file

    own = index.embeddings.vectors is not heads.prototypes
    several = {"index.vectors": index.embeddings.vectors, "index.class_of": index.embeddings.class_of} if own else {}
    tensors = {
        **_metric_tensors(heads.metric),
        **(_named(_FIRST_DAY, heads.first_day) if heads.first_day else {}),
        **several,
        "fine.prototypes": heads.prototypes,
        "coarse.weight": heads.coarse.weight,
        "coarse.bias": heads.coarse.bias,
        "likelihood.mean": heads.likelihood.mean,
        "likelihood.matrix": heads.likelihood.matrix,
        "likelihood.between": heads.likelihood.between,
        "likelihood.products": heads.likelihood.products,
        "likelihood.counts": heads.likelihood.counts,
        "superclass_of": heads.superclass_of,
        "index.row_of": index.row_of,
    }
    with replaced(path) as temporary:
        save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, temporary)


def load_tensors(data: bytes | mmap.mmap) -> Tensors:
    """Tensors by name, as read-only views into verified bytes; safetensors' own reader would copy them.

    Source: the format as documented at https://huggingface.co/docs/safetensors (header size, JSON header, data).
    """
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    return {
        name: np.frombuffer(
            data, _TYPES[of["dtype"]], count=int(np.prod(of["shape"])), offset=start + of["data_offsets"][0]
        ).reshape(of["shape"])
        for name, of in header.items()
        if name != "__metadata__"
    }


def heads_of(tensors: Tensors, skus: Sequence[str], tiers: Sequence[str], manifest: Manifest) -> Heads:
    """The heads that were stored."""
    known = {tier.value: tier for tier in Tier}
    return Heads(
        classes=tuple(skus),
        tiers=tuple(known[tier] for tier in tiers),
        metric=_metric_of(tensors),
        prototypes=tensors["fine.prototypes"],
        superclass_of=tensors["superclass_of"],
        coarse=CoarseHead(tensors["coarse.weight"], tensors["coarse.bias"]),
        likelihood=TwoCovariance(
            mean=tensors["likelihood.mean"],
            matrix=tensors["likelihood.matrix"],
            between=tensors["likelihood.between"],
            products=tensors["likelihood.products"],
            counts=tensors["likelihood.counts"],
        ),
        coarse_weight=manifest.coarse_weight,
        scale=manifest.scale,
        first_day=FirstDay(**first_day) if (first_day := _named_after(_FIRST_DAY, tensors)) else None,
    )


def embeddings_of(tensors: Tensors) -> Embeddings:
    """What the stored index searches."""
    if "index.vectors" in tensors:
        return Embeddings(tensors["index.vectors"], tensors["index.class_of"])
    return Embeddings.of_prototypes(tensors["fine.prototypes"])


def _metric_tensors(metric: Metric) -> dict[str, NDArray[Any]]:
    tensors: dict[str, NDArray[Any]] = {}
    for place, part in enumerate(metric.parts):
        tensors[f"metric.{place}.columns"] = np.array([part.start, part.stop], dtype=np.int64)
        tensors[f"metric.{place}.weight"] = np.array([part.weight], dtype=np.float64)
        tensors[f"metric.{place}.mean"] = part.whitening.mean
        tensors[f"metric.{place}.matrix"] = part.whitening.matrix
    if metric.refinement is not None:
        tensors |= _named(_REFINEMENT, metric.refinement)
    return tensors


def _named(prefix: str, learned: Refinement | FirstDay) -> dict[str, NDArray[Any]]:
    return {f"{prefix}{name}": tensor for name, tensor in vars(learned).items()}


def _named_after(prefix: str, tensors: Tensors) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _metric_of(tensors: Tensors) -> Metric:
    parts: list[MetricPart] = []
    while (place := f"metric.{len(parts)}") + ".mean" in tensors:
        start, stop = tensors[f"{place}.columns"].tolist()
        whitening = Whitening(tensors[f"{place}.mean"], tensors[f"{place}.matrix"])
        parts.append(MetricPart(start, stop, whitening, float(tensors[f"{place}.weight"][0])))
    learned = _named_after(_REFINEMENT, tensors)
    return Metric(tuple(parts), Refinement(**learned) if learned else None)
