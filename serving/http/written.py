"""From what was found to what is answered."""

from collections.abc import Sequence
from urllib.parse import quote

from recognition.release.products import ProductCard
from serving.answers import Found, Identification, Match
from serving.http.photos import NamedPhoto
from serving.http.problems import ProblemError, ProblemType
from serving.http.queue import Answered
from serving.http.schema import (
    Answers,
    BoxAnswer,
    FoundAnswer,
    IdentificationAnswer,
    MatchAnswer,
    PhotoAnswer,
    PhotoProblem,
    ProductAnswer,
    ReleaseAnswer,
)
from serving.http.wire import Refused
from serving.release import Release

_PRODUCT_FIELDS = tuple(name for name in ProductAnswer.model_fields if name != "references")


def written_answers(photos: Sequence[NamedPhoto], found: Sequence[Answered], release: Release) -> Answers:
    """The answers to the photos of a request; `release` knows where reference photos are.

    Raises:
        ProblemError: not one of them could be read.
    """
    pairs = list(zip(photos, found, strict=True))
    refused = [(photo, each.answer) for photo, each in pairs if isinstance(each.answer, Refused)]
    if len(refused) == len(pairs):
        told = "; ".join(f"{photo.name or 'the photo'}: {answer.detail}" for photo, answer in refused)
        raise ProblemError(ProblemType.UNREADABLE_PHOTO, told, refused[0][1].reason.value)
    return Answers(answers=tuple(_photo(photo, each.answer, release) for photo, each in pairs))


def written_product(release: Release, product: ProductCard) -> ProductAnswer:
    """A product, with the addresses of the reference photos that the release holds of it."""
    address = f"/v1/products/{quote(product.sku, safe='')}/references"
    count = release.bundle.references.count(product.sku)
    references = tuple(f"{address}/{number}" for number in range(1, count + 1))
    return ProductAnswer(**{name: getattr(product, name) for name in _PRODUCT_FIELDS}, references=references)


def written_release(release: Release) -> ReleaseAnswer:
    """What callers may know of a release."""
    manifest = release.bundle.manifest
    return ReleaseAnswer(
        release_id=manifest.release_id,
        parent=manifest.parent,
        created_at=manifest.created_at,
        method=manifest.method,
        encoder=manifest.encoder.name,
        products=len(release.products),
        promised_precision=manifest.thresholds.promised_precision,
    )


def _photo(photo: NamedPhoto, answer: Identification | Refused, release: Release) -> PhotoAnswer:
    if isinstance(answer, Refused):
        return PhotoAnswer(
            photo=photo.name, answer=None, problem=PhotoProblem(reason=answer.reason, detail=answer.detail)
        )
    return PhotoAnswer(photo=photo.name, answer=_identification(answer, release), problem=None)


def _identification(answer: Identification, release: Release) -> IdentificationAnswer:
    return IdentificationAnswer(
        release_id=answer.release_id,
        size=answer.size,
        isolated=answer.isolated,
        found=tuple(_found(each, release) for each in answer.found),
    )


def _found(found: Found, release: Release) -> FoundAnswer:
    alternatives = tuple(_match(each, release) for each in found.alternatives)
    return FoundAnswer(
        box=BoxAnswer.model_validate(found.box),
        verdict=found.verdict,
        confidence=found.confidence,
        match=alternatives[0] if found.match else None,
        alternatives=alternatives,
    )


def _match(match: Match, release: Release) -> MatchAnswer:
    return MatchAnswer(sku=match.sku, score=match.score, product=written_product(release, match.product))
