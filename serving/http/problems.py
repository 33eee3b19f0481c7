"""Errors as RFC 9457 has them: `application/problem+json`, each with a closed type that a program may branch on."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from recognition.errors import VectorStoreUnavailableError

MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 5.0  # after which an engine that did not answer may do so again


class ProblemType(StrEnum):
    """What is wrong, for programs; documented in docs/guide/api.md."""

    BAD_REQUEST = "bad-request"
    NO_KEY = "no-key"
    FOREIGN_PAGE = "foreign-page"
    UNKNOWN_HOST = "unknown-host"
    NOT_FOUND = "not-found"
    NO_SUCH_METHOD = "no-such-method"
    TOO_SLOW = "too-slow"
    TOO_LARGE = "too-large"
    NOT_A_PHOTO = "not-a-photo"
    UNREADABLE_PHOTO = "unreadable-photo"
    BAD_PARAMETER = "bad-parameter"
    TOO_MANY_REQUESTS = "too-many-requests"
    BUSY = "busy"
    NOT_READY = "not-ready"
    DEFECT = "defect"


class Problem(BaseModel):
    """A problem; `type` is for programs, `detail` for people."""

    type: ProblemType
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    reason: str | None = Field(default=None, description="Why a photo was refused, a closed code.")


@dataclass(frozen=True, slots=True)
class _Kind:
    status: int
    title: str


_KINDS: Mapping[ProblemType, _Kind] = {
    ProblemType.BAD_REQUEST: _Kind(400, "The request cannot be read"),
    ProblemType.NO_KEY: _Kind(401, "A valid API key is needed"),
    ProblemType.FOREIGN_PAGE: _Kind(403, "Web pages of that origin may not ask"),
    ProblemType.UNKNOWN_HOST: _Kind(403, "This server does not go by that name"),
    ProblemType.NOT_FOUND: _Kind(404, "There is no such thing"),
    ProblemType.NO_SUCH_METHOD: _Kind(405, "That method is not for this address"),
    ProblemType.TOO_SLOW: _Kind(408, "The request took too long to arrive"),
    ProblemType.TOO_LARGE: _Kind(413, "The request is too large"),
    ProblemType.NOT_A_PHOTO: _Kind(415, "Send photos"),
    ProblemType.UNREADABLE_PHOTO: _Kind(422, "No photo could be read"),
    ProblemType.BAD_PARAMETER: _Kind(422, "A parameter is not valid"),
    ProblemType.TOO_MANY_REQUESTS: _Kind(429, "Too many requests"),
    ProblemType.BUSY: _Kind(503, "Too busy right now"),
    ProblemType.NOT_READY: _Kind(503, "Not ready"),
    ProblemType.DEFECT: _Kind(500, "A defect of the server"),
}
EVERYWHERE = (
    ProblemType.NO_KEY,
    ProblemType.FOREIGN_PAGE,
    ProblemType.UNKNOWN_HOST,
    ProblemType.BAD_PARAMETER,
    ProblemType.TOO_MANY_REQUESTS,
    ProblemType.BUSY,
)
"""What any address that is not open to all may answer."""

_BY_STATUS = {404: ProblemType.NOT_FOUND, 405: ProblemType.NO_SUCH_METHOD}


@dataclass
class ProblemError(Exception):
    """A request that is answered with a problem.

    Attributes:
        type: what is wrong.
        detail: for people: what to do about it.
        reason: why a photo was refused.
        headers: further headers of the answer.
    """

    type: ProblemType
    detail: str
    reason: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def problem(self) -> Problem:
        """What the caller reads."""
        kind = _KINDS[self.type]
        return Problem(type=self.type, title=kind.title, status=kind.status, detail=self.detail, reason=self.reason)


def busy(detail: str, retry_seconds: float) -> ProblemError:
    """A deliberate 503 that says when to come back."""
    return ProblemError(ProblemType.BUSY, detail, headers={"retry-after": str(max(1, round(retry_seconds)))})


def problem_response(error: ProblemError) -> JSONResponse:
    """The answer to a request that met a problem."""
    problem = error.problem
    content = problem.model_dump(mode="json", exclude_none=True)
    return JSONResponse(content, problem.status, dict(error.headers), MEDIA_TYPE)


def answer_problems(app: FastAPI) -> None:
    """Let every error of an app be answered as a problem."""
    app.add_exception_handler(ProblemError, _of_ours)
    app.add_exception_handler(HTTPException, _of_starlette)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(VectorStoreUnavailableError, _of_a_store)
    app.add_exception_handler(Exception, _of_a_defect)


def documented(*types: ProblemType) -> dict[int | str, dict[str, object]]:
    """The part of an OpenAPI document that tells which problems an operation may answer with."""
    found: dict[int | str, dict[str, object]] = {}
    schema = {"$ref": "#/components/schemas/Problem"}
    for kind in types:
        status, title = _KINDS[kind].status, _KINDS[kind].title
        example = {"type": kind.value, "title": title, "status": status, "detail": "what to do about it"}
        told = found.setdefault(status, {"description": title, "content": {MEDIA_TYPE: {"schema": schema}}})
        examples: dict[str, object] = told["content"][MEDIA_TYPE].setdefault("examples", {})  # type: ignore[index]
        examples[kind.value] = {"value": example}
    return found


async def _of_ours(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101 - registered for it
    return problem_response(error)


async def _of_starlette(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    kind = _BY_STATUS.get(error.status_code, ProblemType.BAD_REQUEST)
    detail = str(error.detail)
    if kind is ProblemType.NOT_FOUND:
        detail = "There is no such address; GET /openapi.json tells them all."
    if kind is ProblemType.NO_SUCH_METHOD:
        detail = "The Allow header names the methods of this address."
    return problem_response(ProblemError(kind, detail, headers=error.headers or {}))


async def _of_validation(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    told = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
    return problem_response(ProblemError(ProblemType.BAD_PARAMETER, told))


async def _of_a_store(_: Request, error: Exception) -> JSONResponse:
    _log.error("%s", error)
    return problem_response(busy("The search engine behind this server does not answer.", _RETRY_SECONDS))


async def _of_a_defect(request: Request, error: Exception) -> JSONResponse:
    """Log where it happened, never what was sent."""
    route = getattr(request.scope.get("route"), "path", "no route")
    _log.error("a defect while answering %s %s", request.method, route, exc_info=error)
    detail = f"{HTTPStatus.INTERNAL_SERVER_ERROR.description}; the server's log has the details."
    return problem_response(ProblemError(ProblemType.DEFECT, detail))
