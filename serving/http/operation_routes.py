"""For whoever runs the server: which release, does it live, can it answer, what does it count."""

from fastapi import APIRouter, Depends, Response

from serving.http.callers import TheService, caller_of
from serving.http.metrics import CONTENT_TYPE
from serving.http.problems import EVERYWHERE, ProblemError, ProblemType, documented
from serving.http.schema import Health, Readiness, ReleaseAnswer
from serving.http.written import written_release

router = APIRouter(tags=["operation"])


@router.get(
    "/v1/releases/current",
    summary="The release that answers",
    responses=documented(*EVERYWHERE),
    dependencies=[Depends(caller_of)],
)
async def current_release(service: TheService) -> ReleaseAnswer:
    """The release that answers now; the next may take over at any moment."""
    return written_release(service.releases.current)


@router.get("/healthz", summary="Does it live?")
async def healthz() -> Health:
    """Answers as long as the server lives; for whoever restarts it."""
    return Health(status="alive")


@router.get("/readyz", summary="Can it answer?", responses=documented(ProblemType.NOT_READY))
async def readyz(service: TheService) -> Readiness:
    """Answers 200 while photos are taken; for whoever sends it work."""
    if not service.is_ready or not service.desk.encoders:
        raise ProblemError(ProblemType.NOT_READY, "No encoder is ready.", headers={"retry-after": "2"})
    return Readiness(status="ready", release_id=service.releases.current.release_id, encoders=service.desk.encoders)


@router.get(
    "/metrics",
    summary="What Prometheus reads",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **documented(*EVERYWHERE)},
    dependencies=[Depends(caller_of)],
)
async def metrics(service: TheService) -> Response:
    """Counters and histograms, each named `skuloop_...`."""
    return Response(service.metrics.text(), headers={"content-type": CONTENT_TYPE})
