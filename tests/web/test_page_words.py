"""How the pages write numbers, instants and words: their modules, each alone in an empty page."""

import re
from functools import partial

import pytest


async def test_what_a_peer_said_is_worded_in_the_audit_log_where_central_knows_it(run) -> None:
    body = """
        const row = { data: { fault: "journal full", lasted: "smoke" } };
        const causes = { "journal full": { [document.documentElement.lang]: "Journal voll" } };
        return [m.parameters(row, causes), m.parameters(row)];
    """
    said, as_it_came = await run("audit_words", body)
    assert ("Journal voll" in said, "smoke" in said, "journal full" in as_it_came) == (True, True, True)


async def test_the_audit_log_tells_instants_powers_and_speeds_in_words_and_units(run) -> None:
    body = """
        await (await import("/static/js/i18n.js")).use("codes", "tabs", "audit", "audit_params");
        const told = (data) => m.parameters({ data }).replaceAll("\\u00a0", " ");
        const noted = { at: 1796055438.5, n: 18, what: "register", target: "CP017", result: "done", times: 1 };
        const wind = { wind_m_per_s: 5.34, facts: { most: 3 } };
        return [told(noted), told({ ...noted, result: "E_CREDENTIAL" }), told(wind),
          told({ max_power_w: 22000, speed_permille: 1000, left: ["COLD"], login: "895f" })];
    """
    noted, refused, wind, engine = await run("audit_words", body)
    assert re.fullmatch(
        r"at: .*\d\d:\d\d(?::\d\d)? · row: 18 · change: register · about: CP017 · result: done · times: 1",
        noted,
    )
    assert "E_CREDENTIAL" not in refused
    assert "result: " in refused
    assert wind == "wind: 5.3 m/s"
    assert engine == "most power: 22.0 kW · speed: 100 % · still in force: Cold · login: 895f"


async def test_figures_of_one_column_have_as_many_decimals_each(run) -> None:
    body = """
        const { pointColumns } = await import("/static/js/stats_points.js");
        const cell = pointColumns({ cps: [] }).find((one) => one.id === "ok").cell;
        const told = (up) => cell({ available_s: up, charging_s: 0, faulted_s: 1000 - up }).replace("\\u00a0", " ");
        return [told(980), told(991), told(1000), m.percent(0.98).replace("\\u00a0", " ")];
    """
    assert await run("format", body) == ["98.0 %", "99.1 %", "100.0 %", "98 %"]


NUMBERS = {
    "m.kw(18_949)": "18.9 kW",
    "m.kw(149_500)": "150 kW",
    "m.kw(12_300_000)": "12.3 MW",
    "m.kwh(6_910_000)": "6.91 kWh",
    "m.kwh(4_202_000_000)": "4,202 kWh",
    "m.euros(204_174)": "2,041.74 €",
    "m.price(4400)": "0.44 €/kWh",
    "m.price(4405)": "0.4405 €/kWh",
    "m.duration(19_151)": "5 h 19 min",
    "m.duration(59)": "59 s",
    "m.brief(19_151)": "5 h",
    "m.brief(0)": "0 s",
    "m.degrees(24.46)": "24.5 °C",
    "m.degrees(-0.04)": "0.0 °C",
    "m.degrees(-0.06)": "-0.1 °C",
    "m.clock(1_700_000_000)": "23:13:20",
    "m.kw(undefined)": "0 kW",
}


MADRID = "await import('/static/js/zone.js').then(({ setZone }) => setZone('Europe/Madrid'));"


async def test_numbers_are_written_for_people(run) -> None:
    # By the clocks of the network, whose zone Central names; those of this browser are in Madrid.
    shown = await run("format", f"{MADRID} return [{', '.join(NUMBERS)}]")
    assert [text.replace("\u00a0", " ") for text in shown] == list(NUMBERS.values())


async def test_a_qr_code_has_its_three_corners_and_a_light_edge(run) -> None:
    body = """
        const { encode } = await import("/static/js/vendor/uqr.js");
        const { data, size } = encode("https://central.example:8443/driver?cp=CP007", { ecc: "M", border: 2 });
        const picture = m.qrPicture("https://central.example:8443/driver?cp=CP007", "CP007");
        const corner = (y, x) => data.slice(y, y + 7).map((row) => row.slice(x, x + 7).map(Number).join("")).join(" ");
        const edge = [...data.slice(0, 2).flat(), ...data.flatMap((row) => row.slice(0, 2))].some(Boolean);
        return [size, corner(2, 2), corner(2, size - 9), corner(size - 9, 2), edge, picture.getAttribute("viewBox")];
    """
    size, *corners, edge, box = await run("qr", body)
    finder = "1111111 1000001 1011101 1011101 1011101 1000001 1111111"
    assert corners == [finder] * 3
    assert not edge
    assert box == f"0 0 {size} {size}"


async def test_one_has_words_of_its_own_where_the_language_has_them(run) -> None:
    body = """
        await m.use("wall");
        const keys = ["kpi.done", "alerts.times"];
        return [1, 2, 0].flatMap((count) => keys.map((key) => m.counted(key, count, { count })));
    """
    assert await run("i18n", body) == [
        "from 1 ended charge only",
        "1 times",
        "from 2 ended charges only",
        "2 times",
        "from 0 ended charges only",
        "0 times",
    ]


async def test_none_is_told_as_one_where_the_language_does(run) -> None:
    body = """
        await m.use("wall");
        await m.setLang("fr");
        const said = [0, 1, 2].map((count) => m.counted("kpi.done", count, { count }));
        await m.setLang("en");
        return said;
    """
    none, one, two = await run("i18n", body)
    assert none.replace("0", "1") == one
    assert two.replace("2", "1") != one


async def test_instants_and_days_are_told_by_the_zone_of_the_network_and_not_by_that_of_the_browser(
    run,
) -> None:
    body = """
        const { dayOf, setZone, wallClock, zone } = await import("/static/js/zone.js");
        const told = (name) => {
            setZone(name);
            const at = Date.UTC(2026, 9, 31, 10, 30) / 1000;
            return [zone(), m.clock(at), m.day(at), dayOf(at), wallClock(at).slice(11), m.today(at, at + 5400)];
        };
        return ["Europe/Madrid", "Pacific/Auckland", "Pacific/Honolulu", "Mars/Olympus"].map(told);
    """
    assert await run("format", body) == [
        ["Europe/Madrid", "11:30:00", "31 Oct 2026", "2026-10-31", "11:30:00", True],
        ["Pacific/Auckland", "23:30:00", "31 Oct 2026", "2026-10-31", "23:30:00", False],
        ["Pacific/Honolulu", "00:30:00", "31 Oct 2026", "2026-10-31", "00:30:00", True],
        ["UTC", "10:30:00", "31 Oct 2026", "2026-10-31", "10:30:00", True],
    ]


async def test_today_and_this_month_are_those_of_the_network_whatever_the_clock_of_this_device_says(
    run,
) -> None:
    body = """
        const { setClock, setZone } = await import("/static/js/zone.js");
        const { today } = await import("/static/js/format.js");
        setZone("Pacific/Auckland");
        const at = Date.UTC(2031, 0, 31, 12) / 1000;
        setClock(at);
        window.fetch = () => new Promise(() => {});
        m.openStatement("/api/me/statement", "D01");
        const months = () => [...document.querySelectorAll("[name=month] option")].map(({ value }) => value);
        while (!months().length) await new Promise(requestAnimationFrame);
        return [months().slice(0, 2), months().length, today(at), today(at - 3600 * 2)];
    """
    assert await run("paper", body) == [["2031-02", "2031-01"], 12, True, False]


@pytest.mark.parametrize(
    ("total", "last"),
    [(200, "without VAT|1.74 €"), (233, "older tickets, whose VAT rate was not kept|0.33 €")],
)
async def test_a_month_with_several_rates_of_vat_says_each_and_what_nobody_kept(run, total, last) -> None:
    body = """
        const { ready, bill } = await import("/static/js/paper.js");
        await ready();
        const vat = [{ percent: 10, total_cents: 79, cents: 5 }, { percent: 21, total_cents: 121, cents: 21 }];
        const rows = bill({ lines: [], total_cents: TOTAL, energy_mwh: 4e6, vat }).querySelectorAll("tfoot tr");
        const told = (row) => [row.firstChild, row.lastChild].map((one) => one.textContent.replaceAll("\u00a0", " "));
        return [...rows].slice(1).map((row) => told(row).join("|"));
    """.replace("TOTAL", str(total))
    said = await run("format", body)
    parts = [
        "of which VAT, 10 %in 0.79 €, VAT included|0.05 €",
        "of which VAT, 21 %in 1.21 €, VAT included|0.21 €",
    ]
    assert said == [*parts, last]


async def test_the_sums_of_a_long_month_all_stay_in_sight(run) -> None:
    body = """
        const { ready, bill } = await import("/static/js/paper.js");
        await ready();
        const vat = [{ percent: 10, total_cents: 79, cents: 5 }, { percent: 21, total_cents: 121, cents: 21 }];
        const lines = Array.from({ length: 60 }, () => ({ kind: "correction", cents: 1, energy_mwh: 1 }));
        const month = document.body.appendChild(document.createElement("div"));
        month.className = "statement";
        month.append(bill({ lines, total_cents: 200, energy_mwh: 4e6, vat }));
        const { bottom } = month.getBoundingClientRect();
        const rows = [...month.querySelectorAll("tfoot td:last-child")].map((one) => one.getBoundingClientRect());
        return rows.map((row, i) => Math.round((rows[i + 1]?.top ?? bottom) - row.bottom));
    """
    between = await run("format", body)
    assert len(between) == 4
    assert all(abs(gap) <= 1 for gap in between)


async def test_paper_says_which_currency_it_is_where_several_have_its_sign(room, window) -> None:
    body = """
        const { setLang } = await import("/static/js/i18n.js");
        const { ready, bill } = await import("/static/js/paper.js");
        const { euros } = await import("/static/js/format.js");
        await ready();
        const lines = [{ kind: "energy", price: "0.2515", energy_mwh: 4e6, cents: 123456, reason: "", at: null }];
        const vat = { percent: 21, total_cents: 123456, cents: -5 };
        const made = () => bill({ lines, total_cents: 123456, energy_mwh: 4e6, vat });
        const cells = () => [...made().querySelectorAll("tbody td, tfoot .n:last-child")].map((x) => x.textContent);
        const told = () => [euros(5), ...cells()].filter((x) => !x.includes("Wh") || x.includes("/"));
        const english = told();
        await setLang("de");
        return [...english, ...told()].map((x) => x.replaceAll("\u00a0", " "));
    """
    shown = {
        "CAD": [
            "$0.05 | Energy at CAD 0.2515/kWh | CAD 1,234.56 | CAD 1,234.56 | -CAD 0.05 | CAD 1,234.61",
            "0,05 $ | Energie zu 0,2515 CAD/kWh | 1.234,56 CAD | 1.234,56 CAD | -0,05 CAD | 1.234,61 CAD",
        ],
        "GBP": [
            "£0.05 | Energy at £0.2515/kWh | £1,234.56 | £1,234.56 | -£0.05 | £1,234.61",
            "0,05 £ | Energie zu 0,2515 £/kWh | 1.234,56 £ | 1.234,56 £ | -0,05 £ | 1.234,61 £",
        ],
    }
    for code, both in shown.items():
        here = f'data-currency="{code}"'
        async with window(lang="en") as opened:
            page = await opened.page.request.get(f"{room.url}/login")
            words = (await page.text()).replace('data-currency="EUR"', here)
            await opened.page.route("**/login", partial(_answered, page, words))
            await opened.page.goto(f"{room.url}/login")
            told = await opened.page.evaluate(f"async () => {{ {body} }}")
            assert " | ".join(told) == " | ".join(both)


async def _answered(answer, body: str, route) -> None:
    await route.fulfill(response=answer, body=body)


async def test_a_day_that_central_names_is_that_day_in_every_zone(run) -> None:
    body = """
        const days = ["2026-03-29", "2026-12-31"];
        return days.flatMap((day) => [m.dayNamed(day), m.dayShort(day), m.dayPlus(day, 1)]);
    """
    assert await run("dates", body) == [
        "29 Mar 2026",
        "29 Mar",
        "2026-03-30",
        "31 Dec 2026",
        "31 Dec",
        "2027-01-01",
    ]


async def test_the_language_changes_words_and_numbers_without_a_new_page(run) -> None:
    body = """
        const format = await import("/static/js/format.js");
        const english = [m.t("status.Charging"), format.euros(204174)];
        await m.setLang("es");
        return [...english, m.t("status.Charging"), format.euros(204174)].map((x) => x.replace("\\u00a0", " "));
    """
    await run("i18n", "await m.use('codes')")
    assert await run("i18n", body) == ["Charging", "2,041.74 €", "Suministrando", "2.041,74 €"]


async def test_a_problem_is_said_in_the_language_of_the_page_before_what_central_says(room, window) -> None:
    refused = """async () => {
        const { post } = await import('/static/js/api.js');
        return post("/api/login", { name: "" }).catch((error) => error.text);
    }"""
    said = {}
    for lang in ("en", "es"):
        async with window(lang=lang) as opened:
            opened.allowed.append("422")
            await opened.page.goto(f"{room.url}/login")
            await opened.page.evaluate("import('/static/js/i18n.js').then(({ use }) => use('codes'))")
            said[lang] = await opened.page.evaluate(refused)
    assert said["en"].startswith("Bad body: ")
    assert said["es"] == "El cuerpo no es válido: `name` no puede estar vacío."


async def test_what_central_says_in_spanish_stands_alone_on_a_spanish_page(run) -> None:
    body = """
        const { setLang } = await import("/static/js/i18n.js");
        const refused = { error: true, code: "E_FIELD", detail: "Too much.", text_es: "Demasiado." };
        window.fetch = async () => Response.json(refused, { status: 422 });
        const said = [];
        for (const lang of ["en", "es"]) {
          await setLang(lang);
          await m.post("/api/anything").catch((error) => said.push(error.text));
        }
        return said;
    """
    assert await run("api", body) == ["Too much.", "Demasiado."]


async def test_an_element_takes_text_and_refuses_code(run) -> None:
    body = """
        const evil = '<img src=x onerror="document.title = 1">';
        const el = m.h("p", { title: evil }, evil);
        const refused = ["style", "onclick"].map((name) => {
          try { m.h("p", { [name]: "x" }); return false; } catch { return true; }
        });
        return [el.children.length, el.textContent === evil, el.title === evil, refused];
    """
    assert await run("dom", body) == [0, True, True, [True, True]]


async def test_what_is_typed_and_where_a_place_lies_is_written_as_the_reader_writes_it(run) -> None:
    body = """
        const { setLang } = await import("/static/js/i18n.js");
        const { coordinates } = await import("/static/js/country.js");
        const seen = [];
        for (const lang of ["de", "fr", "en"]) {
          await setLang(lang);
          seen.push(...["1.234,50", "1 234,50", "1,234.50", "1.23", "-19.80"].map(m.ungrouped));
          seen.push(coordinates(38.345, -0.48));
        }
        return seen;
    """
    seen = await run("money", body)
    assert seen[:6] == ["1234,50", "1 234,50", "1,234.50", "1.23", "-19.80", "38,35°, -0,48°"]
    assert seen[6:12] == ["1.234,50", "1234,50", "1,234.50", "1.23", "-19.80", "38,35°, -0,48°"]
    assert seen[12:] == ["1.234,50", "1 234,50", "1234.50", "1.23", "-19.80", "38.35°, -0.48°"]


async def test_a_message_names_driver_and_point_and_leaves_out_the_unguessable_part(run) -> None:
    body = 'return m.brief("S-D01-CP001-0123456789abcdef: charging");'
    assert await run("messages_list", body) == "D01-CP001: charging"
