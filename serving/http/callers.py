"""Who asks: the holder of a key, or an address; and how much each may ask."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from serving.http.problems import ProblemError, ProblemType
from serving.http.rate import address_of
from serving.http.service import Service

_bearer = HTTPBearer(auto_error=False, scheme_name="API key", description="Made by `skuloop keys add NAME`.")


async def service_of(request: Request) -> Service:
    """The parts of the server that a request came to."""
    service: Service = request.app.state.service
    return service


TheService = Annotated[Service, Depends(service_of)]


async def caller_of(
    request: Request,
    service: TheService,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> str:
    """Whom a request is counted against.

    Raises:
        ProblemError: a key is needed and there is none, or it is wrong; or the caller asked too much.
    """
    address = address_of(request.client.host if request.client else None)
    if service.keys is None:
        service.rate.spend(address)
        return address
    holder = service.keys.holder(credentials.credentials) if credentials else None
    if holder is None:
        service.rate.spend(address)  # guessing has its price too
        detail = "Send `Authorization: Bearer KEY`; `skuloop keys add NAME` makes a key."
        raise ProblemError(ProblemType.NO_KEY, detail, headers={"www-authenticate": "Bearer"})
    service.rate.spend(f"key {holder}")
    return f"key {holder}"


Caller = Annotated[str, Depends(caller_of)]
