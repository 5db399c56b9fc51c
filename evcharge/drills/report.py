"""The page that a teacher files: what was run, what was seen, and the verdict; one file, no script. Pure."""

from collections.abc import Iterator, Sequence
from html import escape

from evcharge.drills.course import DrillReport, DrillVerdict, StepReport, verdict_of
from evcharge.drills.wording import DrillWords

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
h1,h2{line-height:1.2}table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}
th,td{border:1px solid #bbb;padding:.4rem .6rem;text-align:left;vertical-align:top}th{background:#eee}
.passed{color:#0a5c2b}.failed{color:#a11212}.notrun{color:#6b4e00}.v{font-weight:700}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}
"""


def page(reports: Sequence[DrillReport], words: DrillWords, *, version: str, network: str) -> str:
    """Return the page as HTML. Whatever came from outside is escaped."""
    return "\n".join(_page(list(reports), words, version, network)) + "\n"


def _page(reports: list[DrillReport], words: DrillWords, version: str, network: str) -> Iterator[str]:
    title = escape(words("page title"))
    yield f'<!doctype html>\n<html lang="{words.lang}">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>"
    when = reports[0].began_at if reports else ""
    yield f"<p>{escape(words('page about', version=version, network=network, when=when))}</p>"
    yield f"<p>{escape(words('page verdict'))} {_verdict(verdict_of(reports), words)}. "
    yield f"{escape(words.counts(reports))}</p>"
    heads = "".join(f"<th>{escape(words(f'h {head}'))}</th>" for head in ("drill", "verdict"))
    yield f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>"
    for report in reports:
        name = escape(report.drill.name)
        yield f'<tr><td><a href="#{name}">{name}</a></td><td>{_verdict(report.verdict, words)}</td></tr>'
    yield "</tbody>\n</table>"
    for report in reports:
        yield from _drill(report, words)
    yield f"<p>{escape(words('page signed'))}</p>\n</body>\n</html>"


def _verdict(verdict: DrillVerdict, words: DrillWords) -> str:
    return f'<span class="v {verdict.replace(" ", "")}">{escape(words(f"v {verdict}"))}</span>'


def _drill(report: DrillReport, words: DrillWords) -> Iterator[str]:
    name = escape(report.drill.name)
    yield f'<h2 id="{name}">{escape(words.title(report.drill).removeprefix("== "))}</h2>'
    yield f"<p>{escape(report.began_at)}: {_verdict(report.verdict, words)}</p>"
    if report.why:
        yield f"<p>{escape(report.why)}</p>"
    if not report.steps:
        return
    heads = "".join(f"<th>{escape(words(f'h {head}'))}</th>" for head in ("step", "look", "checked"))
    yield f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>"
    for step in report.steps:
        yield from _step(step, words)
    yield "</tbody>\n</table>"


def _step(report: StepReport, words: DrillWords) -> Iterator[str]:
    checked = "<br>".join(
        f'<span class="{"passed" if seen.holds else "failed"}">{escape(words.seen(seen, ": ").strip())}</span>'
        for seen in report.seen
    )
    step = report.step
    yield f"<tr><td>{escape(words.does(step))}</td><td>{escape(words.look(step))}</td><td>{checked}</td></tr>"
