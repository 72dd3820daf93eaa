"""Pages for people: the landing page and the API documentation, without any foreign host."""

import hashlib
from functools import cache, partial
from html import escape
from pathlib import Path

from adapters_in.http.problems import refuse
from adapters_in.http.replies import Call, Headers, Reply, Route
from adapters_in.http.services import Services

_STATIC = Path(__file__).parent / "static"
_MEDIA_TYPES = {
    "favicon-32x32.png": "image/png",
    "swagger-ui.css": "text/css; charset=utf-8",
    "docs.css": "text/css; charset=utf-8",
    "landing.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui-standalone-preset.js": "text/javascript; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
    "swagger-ui-LICENSE.txt": "text/plain; charset=utf-8",
}
_HTML = "text/html; charset=utf-8"
# Swagger UI styles elements itself and shows its own icons as data: addresses.
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_SAFE: Headers = (("x-content-type-options", "nosniff"), ("content-security-policy", _POLICY))
_DEMO = '<p class="demo">Demo: every price here is synthetic.</p>'


class PageRoutes:
    """Static files and the two pages; ``document`` is the OpenAPI document."""

    def __init__(self, services: Services) -> None:
        """Take the facts that the landing page shows."""
        self._services = services

    def table(self) -> tuple[Route, ...]:
        """The routes; the pages' own files are not part of the documented API."""
        files = tuple(
            Route(
                method="GET",
                path=f"/docs/{name}",
                tag="Pages",
                summary=name,
                handle=partial(self.file, name),
                documented=False,
            )
            for name in _MEDIA_TYPES
        )
        return (
            Route(
                method="GET",
                path="/",
                tag="Pages",
                summary="Where to begin",
                handle=self.landing,
                media_types=("text/html",),
                statuses=(400, 504),
            ),
            Route(
                method="GET",
                path="/docs",
                tag="Pages",
                summary="This documentation",
                handle=self.docs,
                media_types=("text/html",),
                statuses=(400, 504),
            ),
            *files,
        )

    async def landing(self, call: Call) -> Reply:
        """What this is and where to go."""
        del call
        services = self._services
        page = _read("landing.html").decode()
        facts = {
            "{name}": escape(services.name),
            "{version}": escape(services.version),
            "{label}": _DEMO if services.demo else "",
            "{providers}": escape(", ".join(services.providers)),
        }
        for mark, text in facts.items():
            page = page.replace(mark, text)
        return Reply(page.encode(), _HTML, headers=(*_SAFE, ("cache-control", "no-store")))

    async def docs(self, call: Call) -> Reply:
        """Swagger UI from our own files."""
        del call
        return Reply(_read("docs.html"), _HTML, headers=(*_SAFE, ("cache-control", "no-cache")))

    async def file(self, name: str, call: Call) -> Reply:
        """One file of the pages."""
        if name not in _MEDIA_TYPES:
            raise refuse(404, f"There is no {call.path}.")
        content = _read(name)
        tag = hashlib.blake2b(content, digest_size=12).hexdigest()
        caching = (("etag", f'"{tag}"'), ("cache-control", "max-age=3600"))
        return Reply(content, _MEDIA_TYPES[name], headers=(*_SAFE, *caching))


@cache
def _read(name: str) -> bytes:
    """A vendored or own file, read once: 2.2 MB in all."""
    return (_STATIC / name).read_bytes()
