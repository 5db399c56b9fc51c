"""The documentation of the API: OpenAPI 3.1 made from the table of routes, and a page to read it by."""

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import hdrs, web
from msgspec import Struct

from evcharge import __version__
from evcharge.central.api.kit import answers
from evcharge.central.api.kit.page_files import takes_gzip
from evcharge.central.api.kit.routes import ANYBODY, Parameter, Route, RowsOf
from evcharge.central.rules.commands import Actor
from evcharge.labels import LANGUAGES, PAGE_LANGUAGES

Schema = dict[str, Any]

_JSON = "application/json"
_TEMPLATE = "#/components/schemas/{name}"
_PROBLEM: Schema = {
    "type": "object",
    "description": "Why something was not done (RFC 9457). `text` is a sentence for people, `code` is for programs.",
    "required": ["type", "title", "status", "detail", "error", "code", "text"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "error": {"type": "boolean", "const": True},
        "code": {"type": "string"},
        "text": {"type": "string"},
        "text_es": {"type": "string", "description": "The same sentence in Spanish, where there is one."},
        **{
            f"text_{lang}": {
                "type": "string",
                "description": f"The same where Accept-Language asks for {lang}.",
            }
            for lang in PAGE_LANGUAGES
            if lang not in LANGUAGES
        },
    },
}
# What may be answered when it was not done, and why.
_FAILURES = {
    "401": "No login, or one that is over.",
    "403": "The role may not, or the request came from another site's page.",
    "404": "There is no such thing.",
    "409": "Something stands against it.",
    "413": "The body is too big.",
    "415": "The body is not application/json.",
    "422": "A value is not allowed; the text names it.",
    "429": "Too many requests at once; Retry-After says when the next is taken.",
    "503": "Not now: the books cannot be written, or Central is busy.",
}
_IN_PATH = re.compile(r"\{([a-z_]+)(?::[^}]*)?\}")


def document(routes: Sequence[Route]) -> Schema:
    """Return the whole description of `routes` as OpenAPI 3.1."""
    shapes = [shape for route in routes for shape in (route.body, *_shapes(route)) if shape is not None]
    _, components = msgspec.json.schema_components(shapes, ref_template=_TEMPLATE)
    paths: dict[str, Schema] = {}
    for route in routes:
        path = _IN_PATH.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, path)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "evcharge Central",
            "version": __version__,
            "description": "Energy in mWh, money in cents of the network's currency (`/api/whoami` names it), a price "
            "in that per kWh as text, instants in ISO 8601. "
            "Lists answer `next`: give it as `before` for the page after. A program sends a bearer token; a browser "
            "its cookie, and then only from Central's own pages.",
        },
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": _PROBLEM},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "evc"},
            },
        },
    }


def _operation(route: Route, path: str) -> Schema:
    names = _IN_PATH.findall(route.path)
    given = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
    ] + [_parameter(parameter) for parameter in route.query]
    operation: Schema = {
        "operationId": _name(route.method, path),
        "summary": route.summary,
        "tags": [_tag(path)],
        "responses": {str(route.status): _answer(route), **_failures(route, names)},
    }
    if given:
        operation["parameters"] = given
    if route.roles is not None:
        operation["security"] = [{"bearer": []}, {"cookie": []}]
        operation["description"] = f"For {', '.join(sorted(route.roles))}."
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": _ref(route.body)}}}
    return operation


def _parameter(parameter: Parameter) -> Schema:
    return {
        "name": parameter.name,
        "in": "query",
        "required": False,
        "description": parameter.text,
        "schema": dict(parameter.schema),
    }


def _answer(route: Route) -> Schema:
    if route.answers is None:
        return {"description": f"{HTTPStatus(route.status).phrase}."}
    if isinstance(route.answers, str):
        return {
            "description": f"As {route.answers}.",
            "content": {route.answers: {"schema": {"type": "string"}}},
        }
    if isinstance(route.answers, RowsOf):
        shape = route.answers.shape
        array = {"type": "array", "items": _ref(shape)}
        return {"description": _about(shape), "content": {_JSON: {"schema": array}}}
    first, *others = _shapes(route)
    schema = _ref(first) if not others else {"anyOf": [_ref(first), *map(_ref, others)]}
    return {"description": _about(first), "content": {_JSON: {"schema": schema}}}


def _shapes(route: Route) -> Sequence[type[Struct]]:
    """Return the shapes of the JSON that a good answer may have."""
    match route.answers:
        case tuple():
            return route.answers
        case RowsOf():
            return (route.answers.shape,)
        case type():
            return (route.answers,)
        case _:
            return ()


def _failures(route: Route, names: Sequence[str]) -> dict[str, Schema]:
    wanted = {"429", "503"}
    if route.roles is not ANYBODY:
        wanted |= {"401", "403"}
    if names:
        wanted |= {"404", "422"}
    if route.query:
        wanted.add("422")
    if route.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
        wanted |= {"403", "409", "413", "415", "422"}
    told = {code: _FAILURES[code] for code in wanted} | {str(code): why for code, why in route.also.items()}
    problem = {"application/problem+json": {"schema": {"$ref": _TEMPLATE.format(name="Problem")}}}
    return {
        code: {"description": told[code]} | ({"content": problem} if code >= "400" else {})
        for code in sorted(told)
    }


def _ref(shape: type) -> Schema:
    return {"$ref": _TEMPLATE.format(name=shape.__name__)}


def _about(shape: type) -> str:
    return " ".join((shape.__doc__ or shape.__name__).split())


def _name(method: str, path: str) -> str:
    words = [word for word in re.split(r"[^A-Za-z0-9]+", path) if word and word != "api"]
    return "_".join([method.lower(), *words]) or method.lower()


def _tag(path: str) -> str:
    words = [word for word in path.split("/") if word and word != "api"]
    return words[0].split(".")[0] if words else "pages"


# ---- the page


def page(description: Mapping[str, Any]) -> str:
    """Return the description as one HTML page, without any script."""
    parts = list(_page(description))
    return "\n".join(parts) + "\n"


def _page(description: Mapping[str, Any]) -> Iterator[str]:
    info = description["info"]
    title = f"{_text(info['title'])} {_text(info['version'])}: API"
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<title>{title}</title>\n<link rel="stylesheet" href="/static/css/docs.css">\n</head>\n<body>\n<main>'
    yield f'<h1>{title}</h1>\n<p>{_prose(info["description"])} <a href="/api/openapi.json">openapi.json</a></p>'
    by_tag: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            by_tag.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    yield '<nav aria-label="Sections"><ul>'
    yield from (f'<li><a href="#{_text(tag)}">{_text(tag)}</a></li>' for tag in sorted(by_tag))
    yield "</ul></nav>"
    for tag in sorted(by_tag):
        yield f'<section id="{_text(tag)}">\n<h2>{_text(tag)}</h2>'
        for method, path, operation in by_tag[tag]:
            yield from _described(method, path, operation)
        yield "</section>"
    yield '<section id="shapes">\n<h2>Shapes</h2>'
    for name, schema in sorted(description["components"]["schemas"].items()):
        yield from _shape(name, schema)
    yield "</section>\n</main>\n</body>\n</html>"


def _described(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f'<article id="{_text(operation["operationId"])}">'
    yield f"<h3><code>{method}</code> <code>{_text(path)}</code></h3>\n<p>{_prose(operation['summary'])}</p>"
    yield f"<p>{_text(operation.get('description', 'For anybody.'))}</p>"
    if operation.get("parameters"):
        yield "<table>\n<caption>Parameters</caption>"
        yield '<tr><th scope="col">Name</th><th scope="col">In</th><th scope="col">What</th></tr>'
        for one in operation["parameters"]:
            what = f"{_prose(one.get('description', ''))} {_kind(one['schema'])}"
            yield f"<tr><td><code>{_text(one['name'])}</code></td><td>{_text(one['in'])}</td><td>{what}</td></tr>"
        yield "</table>"
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"][_JSON]["schema"]
        yield f"<p>Body: {_kind(schema)}</p>"
    yield "<dl>"
    for code, one in operation["responses"].items():
        kinds = " ".join(
            _kind(content["schema"])
            for kind, content in one.get("content", {}).items()
            if "problem" not in kind
        )
        yield f"<dt>{_text(code)}</dt><dd>{_prose(one['description'])} {kinds}</dd>"
    yield "</dl>\n</article>"


def _shape(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f'<article id="shape-{_text(name)}">\n<h3>{_text(name)}</h3>'
    yield f"<p>{_prose(' '.join(schema.get('description', '').split()))}</p>"
    if schema.get("properties"):
        yield '<table>\n<caption>Fields</caption>\n<tr><th scope="col">Name</th><th scope="col">What</th></tr>'
        for field, one in schema["properties"].items():
            must = "" if field in schema.get("required", ()) else " (may be missing)"
            yield f"<tr><td><code>{_text(field)}</code></td><td>{_kind(one)}{must}</td></tr>"
        yield "</table>"
    yield "</article>"


def _kind(schema: Mapping[str, Any]) -> str:
    """Return what a schema allows, in a few words of HTML."""
    if "$ref" in schema:
        name = _text(schema["$ref"].rpartition("/")[2])
        return f'<a href="#shape-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"<code>{_text(str(one))}</code>" for one in schema["enum"])
    kind = str(schema.get("type", "anything"))
    if kind == "array" and isinstance(schema.get("items"), Mapping):
        return f"list of {_kind(schema['items'])}"
    limits = [
        f"{word} {schema[name]}"
        for name, word in (
            ("minimum", "from"), ("maximum", "to"), ("maxLength", "at most, characters:"), ("format", "as"),
        )
        if name in schema
    ]  # fmt: skip
    return _text(" ".join([kind, *limits]))


def _text(text: str) -> str:
    return html.escape(text, quote=True)


def _prose(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _text(text))


class OpenApi:
    """/api/openapi.json, /api/docs"""

    def __init__(self, table: Callable[[], Sequence[Route]]) -> None:
        self._table = table

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        return [
            Route(
                method=hdrs.METH_GET,
                path="/api/openapi.json",
                handler=self.json,
                roles=ANYBODY,
                answers=answers.Description,
                summary="This description, for programs.",
            ),
            Route(
                method=hdrs.METH_GET,
                path="/api/docs",
                handler=self.docs,
                roles=ANYBODY,
                answers="text/html",
                summary="This description, for people.",
            ),
        ]

    async def json(self, request: web.Request, _: Actor) -> web.Response:
        """Send the description."""
        return _squeezed(request, msgspec.json.encode(document(self._table())), _JSON)

    async def docs(self, request: web.Request, _: Actor) -> web.Response:
        """Send the page."""
        return _squeezed(request, page(document(self._table())).encode(), "text/html")


def _squeezed(request: web.Request, body: bytes, kind: str) -> web.Response:
    """Return an answer that is compressed for whoever takes that: it is 300 kB of words that repeat."""
    charset = "utf-8" if kind == "text/html" else None
    response = web.Response(body=body, content_type=kind, charset=charset)
    response.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
    if takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
        response.enable_compression(web.ContentCoding.gzip)
    return response
