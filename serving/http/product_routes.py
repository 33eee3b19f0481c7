"""What the release knows of products: /v1/products."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from serving.http.callers import TheService, caller_of
from serving.http.problems import EVERYWHERE, ProblemError, ProblemType, documented
from serving.http.schema import ProductAnswer
from serving.http.written import written_product

_REFERENCE_SECONDS = 3600
"""How long a browser may show a reference photo without asking: the next release may show another."""

router = APIRouter(prefix="/v1", tags=["products"], dependencies=[Depends(caller_of)])


@router.get(
    "/products/{sku:path}/references/{number}",
    summary="A reference photo of a product",
    response_class=Response,
    responses={
        200: {
            "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
            "description": "A small photo",
        },
        304: {"description": "It is the one that you have"},
        **documented(*EVERYWHERE, ProblemType.NOT_FOUND),
    },
)
async def reference(
    sku: Annotated[str, Path(examples=["TAM-GRE-020"])],
    number: Annotated[int, Path(ge=1, le=1000, examples=[1])],
    request: Request,
    service: TheService,
) -> Response:
    """A small photo of the product, as the release knows it; the first is the best."""
    pictures = service.releases.current.references(sku)
    if number > len(pictures):
        raise ProblemError(ProblemType.NOT_FOUND, f"The release holds {len(pictures)} reference photos of it.")
    picture = pictures[number - 1]
    tag = f'"{hashlib.sha256(picture).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": f"private, max-age={_REFERENCE_SECONDS}"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(picture, media_type="image/jpeg", headers=headers)


@router.get(
    "/products/{sku:path}",
    summary="What the release knows of a product",
    responses=documented(*EVERYWHERE, ProblemType.NOT_FOUND),
)
async def product(sku: Annotated[str, Path(examples=["TAM-GRE-020"])], service: TheService) -> ProductAnswer:
    """Title, price and availability of a product, as they were when it was last seen."""
    release = service.releases.current
    if sku not in release.products:
        raise ProblemError(ProblemType.NOT_FOUND, "No product of the release has that SKU.")
    return written_product(release, release.product(sku))
