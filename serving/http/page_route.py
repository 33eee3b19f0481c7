"""GET /: the page. It is public and knows nothing: what it shows, it asks for with the key of whoever uses it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from fastapi import APIRouter, Request, Response

from serving.http.problems import ProblemError, ProblemType

_FOLDER = Path(__file__).resolve().parents[1] / "page"
_INDEX = "index.html"
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Scripts of its own files alone, and none may make markup or scripts of text: a scraped title stays a title."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    tag: str

    @classmethod
    def read(cls, path: Path) -> "_File":
        content = path.read_bytes()
        return cls(content, _TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')


_FILES: Mapping[str, _File] = MappingProxyType(
    {path.name: _File.read(path) for path in _FOLDER.iterdir() if path.suffix in _TYPES}
)


@router.get("/")
async def index(request: Request) -> Response:
    """The page."""
    return _answer(_FILES[_INDEX], request)


@router.get("/page/{name}")
async def part(name: str, request: Request) -> Response:
    """A script, the style or the icon of the page."""
    file = _FILES.get(name)
    if file is None:
        raise ProblemError(ProblemType.NOT_FOUND, "The page has no such part.")
    return _answer(file, request)


def _answer(file: _File, request: Request) -> Response:
    headers = {"etag": file.tag, "cache-control": "no-cache", "content-security-policy": _POLICY}
    if file.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)
