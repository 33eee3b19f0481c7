"""POST /v1/identify."""

import time
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from recognition.isolation.regions import MOST_REGIONS
from serving.http.callers import Caller, TheService
from serving.http.photos import photos_of
from serving.http.problems import EVERYWHERE, ProblemType, busy, documented
from serving.http.queue import Answered
from serving.http.schema import Answers
from serving.http.service import Service
from serving.http.wire import Refused
from serving.http.written import written_answers

router = APIRouter(prefix="/v1", tags=["photos"])

_PHOTO = {"type": "string", "format": "binary"}
_IDENTIFY_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photo"],
                    "properties": {"photo": {"type": "array", "items": _PHOTO, "minItems": 1}},
                }
            },
            **{
                kind: {"schema": _PHOTO}
                for kind in ("image/jpeg", "image/png", "image/webp", "application/octet-stream")
            },
        },
    }
}
_OF_PHOTOS = (
    ProblemType.BAD_REQUEST,
    ProblemType.TOO_SLOW,
    ProblemType.TOO_LARGE,
    ProblemType.NOT_A_PHOTO,
    ProblemType.UNREADABLE_PHOTO,
)


@router.post(
    "/identify",
    summary="Say which products are on photos",
    openapi_extra=_IDENTIFY_BODY,
    responses=documented(*EVERYWHERE, *_OF_PHOTOS),
)
async def identify(
    request: Request,
    response: Response,
    caller: Caller,
    service: TheService,
    products: Annotated[
        int, Query(ge=1, le=MOST_REGIONS, description="Products per photo; 1 judges the whole photo, with one look.")
    ] = MOST_REGIONS,
) -> Answers:
    """Say which products are on photos, with price and availability.

    Send photos as files of a form, or the bytes of one. A photo that cannot be read has a `problem` in its place, and
    the others are answered; only if none can be read is the whole request refused. "unseen" is an answer, not an error.
    """
    begun = time.perf_counter()
    photos = await photos_of(request, service.options.limits)
    service.rate.spend(caller, len(photos) - 1)
    received = time.perf_counter()
    try:
        found = await service.desk.answer([photo.data for photo in photos], products)
    except TimeoutError:
        raise busy("No encoder was free in time.", service.options.limits.answer_seconds) from None
    _count(found, service)
    answers = written_answers(photos, found, service.releases.current)
    seconds = {"receive": received - begun, **_slowest(found), "total": time.perf_counter() - begun}
    service.metrics.took(seconds)
    response.headers["server-timing"] = ", ".join(f"{stage};dur={1e3 * spent:.2f}" for stage, spent in seconds.items())
    response.headers["cache-control"] = "no-store"
    return answers


def _count(found: Sequence[Answered], service: Service) -> None:
    for each in found:
        if isinstance(each.answer, Refused):
            service.metrics.refused_photos.labels(each.answer.reason.value).inc()
        else:
            for on_it in each.answer.found:
                service.metrics.verdicts.labels(on_it.verdict.value).inc()


def _slowest(found: Sequence[Answered]) -> dict[str, float]:
    """Seconds of each stage for the photo that took longest: photos of a request are looked at side by side."""
    stages = {stage: 0.0 for each in found for stage in each.seconds}
    return {stage: max(each.seconds.get(stage, 0.0) for each in found) for stage in stages}
