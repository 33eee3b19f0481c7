"""The application: addresses, guard and problems around one service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware

from serving.http import identify_route, operation_routes, page_route, product_routes
from serving.http.examples import EXAMPLES
from serving.http.guard import Guard
from serving.http.problems import Problem, answer_problems
from serving.http.service import Service

VERSION = "1"


def create_app(service: Service) -> FastAPI:
    """The application around an opened service."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    # Its own pages of documentation fetch their scripts from another host: /openapi.json is for any client instead.
    app = FastAPI(title="skuloop", version=VERSION, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.service = service
    for routes in (identify_route, product_routes, operation_routes, page_route):
        app.include_router(routes.router)
    answer_problems(app)
    if service.options.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(service.options.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type"],
            expose_headers=["server-timing", "retry-after"],
            max_age=600,
        )
    app.add_middleware(Guard, options=service.options, metrics=service.metrics)
    app.openapi = lambda: _openapi(app, asks_for_keys=service.keys is not None)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI, *, asks_for_keys: bool) -> dict[str, object]:
    """FastAPI's document, with our problems in place of its validation errors."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = document["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs", {})
        schemas["Problem"] = problem
        for (path, method), example in EXAMPLES.items():  # here, for FastAPI drops what is null in them
            document["paths"][path][method]["responses"]["200"]["content"]["application/json"]["example"] = example
        if not asks_for_keys:
            document["components"].pop("securitySchemes", None)
            for operation in (each for path in document["paths"].values() for each in path.values()):
                operation.pop("security", None)
        app.openapi_schema = document
    return app.openapi_schema
