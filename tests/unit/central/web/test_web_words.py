"""The web pages as files: their words in every language, their terms, and what must never stand in them."""

import itertools
import json
import re
from functools import cache
from pathlib import Path

import pytest

from evcharge import labels
from evcharge.central.api.kit import page_files
from evcharge.domain import events
from evcharge.labels import Phrase

WEB = Path(__file__).parents[4] / "evcharge" / "central" / "web"
WORDS = WEB / "js" / "words"
PACKS = sorted(path.name.removeprefix("en") for path in WORDS.glob("en*.js"))
# What the pages offer, by the one list of it.
OFFERED = re.findall(
    r'^  (\w\w): \["\w+", "[A-Z]{2}"\],$', (WEB / "js" / "i18n.js").read_text("utf-8"), re.MULTILINE
)
# Of others, as they are: their licences lie beside them.
VENDOR = WEB / "js" / "vendor"
MODULES = sorted(path for path in WEB.rglob("*.js") if path.parent != VENDOR)
SHEETS = sorted(WEB.rglob("*.css"))
PAGES = sorted(WEB.rglob("*.html"))
LINE = re.compile(r'  "([^"\\]+)": ("(?:[^"\\]|\\.)*"),')
PAGE_BYTES = 151_000
IMPORT = re.compile(r'^(?:import|export)\b[^;"]*?"(\.[^"]+)"', re.MULTILINE)


def relative(path: Path) -> str:
    return str(path.relative_to(WEB))


@cache
def read_words(path: Path) -> dict[str, str]:
    """Read a file of words; every line must be a comment, the frame, or one pair."""
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("//")]
    assert [lines[0], lines[-1]] == ["export default {", "};"], path.name
    words: dict[str, str] = {}
    for line in lines[1:-1]:
        if line.strip().startswith("//"):
            continue
        match = LINE.fullmatch(line)
        assert match, f"{path.name}: {line}"
        assert match[1] not in words, f"{path.name}: {match[1]} stands there twice"
        words[match[1]] = json.loads(match[2])
    return words


def test_the_languages_that_are_offered_are_those_that_central_knows_words_in():
    assert tuple(OFFERED) == labels.PAGE_LANGUAGES


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("lang", OFFERED)
def test_a_language_that_is_offered_is_complete(lang, pack):
    english, others = (read_words(WORDS / f"{one}{pack}") for one in ("en", lang))
    assert others.keys() == english.keys()


@pytest.mark.parametrize("path", sorted(WORDS.glob("*.js")), ids=relative)
def test_words_fill_in_the_same_values_in_every_language(path):
    english = read_words(WORDS / f"en{path.name[2:]}")
    for key, text in read_words(path).items():
        assert text, key
        assert text == text.strip(), key
        assert sorted(re.findall(r"\{(\w+)\}", text)) == sorted(re.findall(r"\{(\w+)\}", english[key])), key


def test_a_form_for_one_writes_its_number_as_it_is_for_none_in_other_languages():
    # French and Brazilian speak of none as of one.
    for path in WORDS.glob("*.js"):
        for key, text in read_words(path).items():
            assert not key.endswith("_one") or "{count}" in text, f"{path.name}: {key}"


COUNTED = r"\{(?:count|all|shown|rows|n|points|sessions|drivers|faults|days)\} (?:\w+ )?\w{2,}[^s]s\b"
# Shown of two and more only, or of numbers that are known.
NEVER_ONE = {"alarm.many", "alerts.times", "monitor.alert_times", "stats.days"}


def test_french_never_breaks_before_a_mark():
    said = [text for path in sorted(WORDS.glob("fr*.js")) for text in read_words(path).values()]
    assert [text for text in said if re.search(r" [:;?!](?!\w)", text)] == []


def test_a_part_of_a_whole_is_counted_in_words_that_fit_both():
    """The form is chosen by the whole: "1 of 50"."""
    french = read_words(WORDS / "fr_wall.js")
    assert french["wall.shown"] == french["wall.shown_one"] == "points de charge\u00a0: {shown} sur {count}"


def test_what_counts_things_has_a_form_for_one():
    lacking = set()
    for path in WORDS.glob("en*.js"):
        words = read_words(path)
        counting = {key for key, text in words.items() if re.search(COUNTED, text)}
        lacking |= {key for key in counting if f"{key}_one" not in words}
    assert lacking == NEVER_ONE


@pytest.mark.parametrize("lang", OFFERED)
def test_terms_are_those_of_the_labels_word_for_word(lang):
    terms = read_words(WORDS / f"{lang}_terms.js") | read_words(WORDS / f"{lang}_codes.js")
    expected = {f"status.{status}": words for status, words in labels.STATUSES.items()}
    expected |= {f"reason.{reason}": words for reason, words in labels.REASONS.items()}
    expected |= {f"step.{step}": words for step, words in labels.STEPS.items()}
    expected |= {f"code.{code}": words for code, words in labels.CODES.items()}
    services = ("central", "registry", "weather")
    back = (Phrase.CENTRAL_BACK, Phrase.REGISTRY_BACK, Phrase.WEATHER_BACK)
    expected |= {
        f"restored.{name}": labels.PHRASES[phrase] for name, phrase in zip(services, back, strict=True)
    }
    assert terms == {key: labels.worded(words, lang) for key, words in expected.items()}


def test_whatever_an_event_tells_has_a_name_in_the_audit_log_or_is_not_shown_there():
    hidden = re.search(r"HIDDEN = new Set\(\[(.+)\]\)", (WEB / "js" / "audit_words.js").read_text("utf-8"))
    assert hidden
    aside = {*re.findall(r'"(\w+)"', hidden[1]), "cp_id", "driver_id", "session_id"}
    words = {key for path in WORDS.glob("en*.js") for key in read_words(path)}
    told = {name for kind in events.EVENT_TYPES for name in kind.__struct_fields__}
    assert {name for name in told - aside if f"param.{name}" not in words} == set()


def test_the_words_of_a_lost_central_are_those_teachers_look_for():
    for lang in OFFERED:
        words = read_words(WORDS / f"{lang}.js")
        for key in ("link.since", "link.before", "link.never"):
            assert words[key].startswith(labels.say(Phrase.CENTRAL_LOST, lang))


@pytest.mark.parametrize("path", [*MODULES, *SHEETS, *PAGES], ids=relative)
def test_no_file_is_longer_than_150_lines(path):
    assert len(path.read_text("utf-8").splitlines()) <= 150


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_modules_never_make_elements_or_code_from_text(path):
    text = path.read_text("utf-8")
    sinks = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|srcdoc"
    assert not re.search(sinks, text)
    assert not re.search(r"""setAttribute\(["'](style|on\w+)""", text)
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)


@pytest.mark.parametrize("path", PAGES, ids=relative)
def test_pages_carry_no_script_and_no_style_of_their_own(path):
    text = path.read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=\"/static/)", text)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_imports_lead_to_modules_that_are_there(path):
    text = path.read_text("utf-8")
    for target in [*IMPORT.findall(text), *re.findall(r'import\("(\.[^"]+)"\)', text)]:
        assert (path.parent / target).resolve().is_file(), target


def test_sheets_fetch_nothing_but_one_another():
    for path in SHEETS:
        for target in re.findall(r"url\([\"']?([^\"')]+)", path.read_text("utf-8")):
            assert (path.parent / target).is_file(), f"{path.name}: {target}"


def test_sheets_measure_in_rem_which_grows_with_the_screen():
    # A hair is a hair on every screen; what is drawn in the units of an SVG is scaled with it.
    drawn = {"charts.css": re.compile("font|ch-"), "views.css": re.compile(r"\.node")}
    for path in SHEETS:
        for line in path.read_text("utf-8").splitlines():
            own = drawn.get(path.name)
            if path.name == "docs.css" or line.startswith(("@media", "/*")) or (own and own.search(line)):
                continue
            thick = [text for text in re.findall(r"(?<![\w.])(\d*\.?\d+)px", line) if float(text) >= 2]
            assert not thick, f"{path.name}: {line.strip()}"


def test_what_is_of_others_has_its_licence_beside_it():
    assert "MIT License" in (VENDOR / "LICENSE.txt").read_text("utf-8")
    for path in VENDOR.glob("*.js"):
        assert not re.search(
            r"innerHTML|document\.|\beval\(|new Function|fetch\(", path.read_text("utf-8")
        ), path.name


def test_the_pages_can_be_installed():
    manifest = json.loads((WEB / "manifest.webmanifest").read_text("utf-8"))
    sizes = {icon["sizes"] for icon in manifest["icons"]}
    assert {"192x192", "512x512"} <= sizes
    for icon in manifest["icons"]:
        path = WEB / icon["src"].removeprefix("/static/")
        if path.suffix == ".png":
            width = int.from_bytes(path.read_bytes()[16:20], "big")
            assert icon["sizes"] == f"{width}x{width}"
        else:
            assert path.is_file()
    for page in PAGES:
        assert '<link rel="manifest" href="/static/manifest.webmanifest">' in page.read_text("utf-8")


def test_the_operators_page_loads_at_most_151_kb():
    assert page_bytes("index", "js/pages/index.js", ("", "_terms", "_wall")) <= PAGE_BYTES


_TAKEN = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)"', re.MULTILINE)
_GIVEN = re.compile(
    r"^export (?:(?:const|let|class|function\*?|async function) ([\w$]+)|(?:const )?[\[{]([^\]}]+)[\]}])",
    re.MULTILINE,
)


def test_all_pages_begin_with_the_same_head():
    heads = {page.name: page.read_text("utf-8").partition("<head>")[2] for page in PAGES}
    shared = {name: head[: head.index("/base.css")] for name, head in heads.items()}
    assert len(shared) > 1
    assert set(shared.values()) == {shared["index.html"]}


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_every_name_that_a_module_takes_from_another_is_there(path: Path):
    for names, target in _TAKEN.findall(path.read_text("utf-8")):
        given = _GIVEN.findall((path.parent / target).resolve().read_text("utf-8"))
        there = set(re.findall(r"[\w$]+", " ".join(itertools.chain(*given))))
        wanted = {part.split(" as ")[0].strip() for part in names.split(",") if part.strip()}
        assert wanted <= there, f"{target} has no {', '.join(sorted(wanted - there))}"


def page_bytes(page: str, entry: str, packs: tuple[str, ...]) -> int:
    """Return what loading a page reads, not compressed: its sheets, type, modules, and the longest words."""
    contents = {name: asset.content for name, asset in page_files.read_site(WEB).assets.items()}
    html = contents[f"{page}.html"]
    found = {
        "icon.svg",
        entry,
        *page_files.needed(entry, contents),
    }
    found |= {sheet.decode() for sheet in re.findall(rb"/static/\w+/(css/[\w.]+)", html)}
    found |= {name for name in contents if name.endswith(".woff2")}
    words = [sum(len(contents[f"js/words/{lang}{pack}.js"]) for pack in packs) for lang in OFFERED]
    return len(html) + sum(len(contents[name]) for name in found) + max(words)
