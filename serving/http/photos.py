"""The photos of a request: a form of files, or the bytes of one."""

from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from serving.http.options import Limits
from serving.http.problems import ProblemError, ProblemType

_LONGEST_NAME = 200
_HINT = (
    "Send photos as files of a multipart/form-data form, or the bytes of one photo with a content type of image/... or "
    "application/octet-stream."
)


@dataclass(frozen=True, slots=True)
class NamedPhoto:
    """One photo, and what its caller calls it."""

    name: str | None
    data: bytes


async def photos_of(request: Request, limits: Limits) -> list[NamedPhoto]:
    """Read the photos of a request, at least one.

    Raises:
        ProblemError: there is none, there are too many, or it is something else.
    """
    kind = request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _of_form(request, limits)
    if kind == "application/octet-stream" or kind.startswith("image/"):
        return [_named(None, await request.body())]
    raise ProblemError(ProblemType.NOT_A_PHOTO, f"{kind[:100]!r} is no photo. {_HINT}")


async def _of_form(request: Request, limits: Limits) -> list[NamedPhoto]:
    try:
        form = await request.form(max_files=limits.photos, max_fields=1, max_part_size=1024)
    except HTTPException as error:  # of the parser: too many files, or no form at all
        detail = f"{error.detail} A request may hold {limits.photos} photos."
        raise ProblemError(ProblemType.BAD_REQUEST, detail) from error
    try:
        photos = list[NamedPhoto]()
        for field, value in form.multi_items():
            if not isinstance(value, UploadFile):
                raise ProblemError(ProblemType.BAD_REQUEST, f"The field {field[:100]!r} is no file. {_HINT}")
            photos.append(_named(value.filename, await value.read()))
    finally:
        await form.close()
    if not photos:
        raise ProblemError(ProblemType.BAD_REQUEST, f"There is no photo in it. {_HINT}")
    return photos


def _named(name: str | None, data: bytes) -> NamedPhoto:
    return NamedPhoto(name[:_LONGEST_NAME] if name else None, data)
