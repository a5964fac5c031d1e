"""The pages, as a WSGI application over a folder.

A name in an address is looked up among what was found in the folder: there is no other way in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, jsonify, render_template, request, send_file, url_for
from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader, StrictUndefined
from werkzeug.exceptions import HTTPException

from recycling.errors import BadInput, Incomplete
from recycling.reporting.typeset import typeset
from recycling.serving import answers
from recycling.serving.guarding import (
    HEADERS,
    METHODS,
    PAGE,
    SANDBOX,
    is_inside,
    own_files,
    refusal,
)
from recycling.serving.shelf import Shelf
from recycling.spec.foreign_text import visible

#: Answer of a view: a text, JSON, or a response.
Answer = str | Response
#: Files of a run that a browser shows; all others are downloaded.
_SHOWN = {"report.html": "text/html", ".svg": "image/svg+xml"}


def application(folder: Path) -> Flask:
    """Make the application that shows a folder of runs.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     client = application(Path(folder)).test_client()
        ...     client.get("/api/runs", base_url="http://127.0.0.1").json["runs"]
        []
    """
    app, shelf = Flask(__name__), Shelf(folder)
    # Sections look as in a report.
    of_reports = PrefixLoader({"recycling.reporting": PackageLoader("recycling.reporting", "")})
    loaders = [*([app.jinja_loader] if app.jinja_loader else []), of_reports]
    app.jinja_loader = ChoiceLoader(loaders)
    app.jinja_env.autoescape = True
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    # Text from a run, whose characters may hide or turn around what is beside it.
    app.jinja_env.finalize = lambda value: visible(value) if type(value) is str else value
    app.jinja_env.filters["typeset"] = lambda text: typeset(visible(text))
    app.extensions["shelf"] = shelf
    routes: dict[str, Callable[..., Answer]] = {
        "/": _listed,
        "/runs/<path:name>": partial(_page, "run"),
        "/sweeps/<path:name>": partial(_page, "sweep"),
        "/campaigns/<path:name>": partial(_page, "campaign"),
        "/report/<path:name>": _report,
        "/file/<path:name>": _file,
        "/compare": _compared,
        "/page.css": _style,
        "/api/version": _version,
        "/api/runs": _api_runs,
        "/api/runs/<path:name>": _api_run,
    }
    for rule, view in routes.items():
        app.add_url_rule(rule, rule, partial(view, shelf), methods=["GET"])
    app.before_request(_refuse)
    app.after_request(_guard)
    app.register_error_handler(HTTPException, _failed)
    app.register_error_handler(BadInput, _refused)
    app.register_error_handler(Incomplete, _refused)
    return app


def _refuse() -> Response | None:
    refused = refusal(request.method, request.headers.get("Host", ""))
    if refused is None:
        return None
    status, reason = refused
    allow = {"Allow": ", ".join(METHODS)} if status == 405 else {}
    return Response(f"{reason}\n", status, allow, content_type="text/plain; charset=utf-8")


def _guard(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Content-Security-Policy", PAGE)
    return response


def _failed(error: HTTPException) -> Answer | tuple[Answer, int]:
    return _said(error.name, error.description or "", error.code or 500)


def _refused(error: Exception) -> tuple[Answer, int]:
    return _said("This cannot be shown", str(error), 422)


def _said(title: str, text: str, status: int) -> tuple[Answer, int]:
    if request.path.startswith("/api/"):
        return jsonify({"error": text}), status
    return render_template("message.html.j2", title=title, text=text), status


def _listed(shelf: Shelf) -> Answer:
    return render_template("list.html.j2", **answers.listed(shelf, request.args))


def _page(kind: str, shelf: Shelf, name: str) -> Answer:
    found = answers.named(shelf, name, kind) or abort(404, f"there is no {kind} of this name")
    return render_template(f"{kind}.html.j2", **answers.PAGES[kind](shelf, found))


def _report(shelf: Shelf, name: str) -> Answer:
    return _sent(shelf, name, "report.html")


def _file(shelf: Shelf, name: str) -> Answer:
    return _sent(shelf, name, request.args.get("file", ""))


def _sent(shelf: Shelf, name: str, wanted: str) -> Answer:
    """A file of a run, a sweep or a campaign, by its name among those that it has."""
    found = answers.named(shelf, name) or abort(404, "there is nothing of this name")
    path = own_files(found.path).get(wanted) or abort(404, "there is no file of this name")
    if not is_inside(shelf.root, path):
        abort(404, "there is no file of this name")
    kind = _SHOWN.get(path.name) or _SHOWN.get(path.suffix)
    answer = send_file(
        path,
        mimetype=kind or "application/octet-stream",
        as_attachment=kind is None,
        download_name=path.name,
        etag=False,
    )
    answer.headers["Content-Security-Policy"] = SANDBOX
    return answer


def _compared(shelf: Shelf) -> Answer:
    answer = Response(answers.compared(shelf, request.args.getlist("run")))
    answer.headers["Content-Security-Policy"] = SANDBOX
    return answer


def _style(_shelf: Shelf) -> Answer:
    """The style that pages share with the reports."""
    style = resources.files("recycling.reporting") / "page.css"
    return Response(style.read_text(encoding="utf-8"), content_type="text/css; charset=utf-8")


def _version(shelf: Shelf) -> Answer:
    findings = shelf.find()
    version = shelf.version(findings)
    return jsonify({"version": version, "verdicts_pending": len(shelf.pending)})


def _api_runs(shelf: Shelf) -> Answer:
    shown = answers.listed(shelf, request.args)
    return jsonify({"folder": str(shelf.root), "runs": [_plain(row) for row in shown["rows"]]})


def _api_run(shelf: Shelf, name: str) -> Answer:
    found = answers.named(shelf, name, "run") or abort(404, "there is no run of this name")
    return jsonify(_plain(shelf.row(found)) | answers.run_record(shelf, found))


def _plain(row: Any) -> dict[str, Any]:
    links = {"page": url_for("/runs/<path:name>", name=row.name)}
    if row.report:
        links["report"] = url_for("/report/<path:name>", name=row.name)
    return answers.row_record(row) | {"links": links}
