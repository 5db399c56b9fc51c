"""The pure modules of the pages, each alone: imported into a page, without Node."""

import json
import re
from functools import partial

import pytest_asyncio

from evcharge.domain.location import Location, without_accents

ROW = "[0, 2, 50, 7000, 1, 2, 'D01', 'S1', 40, '', '', 3, 251]"


@pytest_asyncio.fixture(loop_scope="session")
async def run(room, window):
    """Run a piece of JavaScript in an empty page of Central: `m` is the module called `name`."""
    async with window(lang="en") as opened:
        await opened.page.goto(f"{room.url}/login")

        async def ran(name: str, body: str) -> object:
            return await opened.page.evaluate(
                f"async () => {{ const m = await import('/static/js/{name}.js'); {body} }}"
            )

        yield ran


# ---- rows


async def test_a_row_fills_in_its_charging_point_and_an_unknown_one_is_left_out(run) -> None:
    body = f"""
        const cps = [];
        m.takePoints(cps, [[0, "CP001", "Elche", 3000]]);
        const taken = m.takeRows(cps, [{ROW}, [7, 0]]);
        return [[...taken], cps[0].id, cps[0].power, cps[0].driver, cps[0].temp, cps[0].hist];
    """
    assert await run("rows", body) == [[0], "CP001", 7000, "D01", 251, [7000]]


async def test_a_location_is_shown_with_its_country_where_it_does_not_name_it_itself(run) -> None:
    body = """
        const cps = [];
        m.takePoints(cps, [[0, "CP001", "Elche", 3000, "ES"], [1, "CP002", "Paris, FR", 3000, ""]]);
        const { wallSites } = await import("/static/js/sites.js");
        return [cps.map((cp) => cp.where), wallSites(cps).map((site) => site.name), cps[0].location];
    """
    shown = ["Elche, ES", "Paris, FR"]
    assert await run("rows", body) == [shown, shown, "Elche"]


async def test_the_samples_of_power_end_with_the_session(run) -> None:
    body = f"""
        const cps = [];
        m.takePoints(cps, [[0, "CP001", "Elche", 3000]]);
        const row = {ROW};
        for (let k = 0; k < 40; k++) m.takeRows(cps, [row.with(3, k)]);
        const full = [cps[0].hist.length, cps[0].hist.at(-1)];
        m.takeRows(cps, [row.with(7, "S2").with(3, 5)]);
        const next = [...cps[0].hist];
        m.takeRows(cps, [row.with(1, 0)]);
        return [full, next, cps[0].hist];
    """
    assert await run("rows", body) == [[30, 39], [5], []]


async def test_a_fault_is_said_in_the_language_of_the_page_where_central_knows_it(run) -> None:
    body = f"""
        const {{ told }} = await import("/static/js/i18n.js");
        const {{ why }} = await import("/static/js/cp_words.js");
        const cps = [], row = {ROW}.with(1, 4).with(10, "journal full");
        m.takePoints(cps, [[0, "CP001", "Elche", 3000]]);
        m.takeRows(cps, [row], {{ "journal full": {{ [document.documentElement.lang]: "Journal voll" }} }});
        const known = why(cps[0], 0);
        m.takeRows(cps, [row.with(10, "smoke")]);
        return [known, why(cps[0], 0), told("hot", {{ xx: "caliente" }}), told("hot", undefined)];
    """
    assert await run("rows", body) == ["Journal voll", "smoke", "hot", "hot"]


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


async def test_no_label_below_the_bars_touches_the_next(run) -> None:
    body = """
        const { s, widthOf } = await import("/static/js/chart_parts.js");
        const touching = [];
        for (let width = 240; width <= 900; width += 20) {
          const layer = s("g");
          const bars = Array.from({ length: 30 }, (_, day) => ({ value: 200, label: `${day + 1} de nov.` }));
          m.drawBars(layer, { bars, y: (n) => `${n} €` }, width, 210);
          const labels = [...layer.querySelectorAll('[text-anchor="middle"]')].map((one) => {
            const [x, half] = [Number(one.getAttribute("x")), widthOf(one.textContent) / 2];
            return [x - half, x + half];
          });
          if (labels.some(([left], k) => k && left < labels[k - 1][1] + 6)) touching.push(width);
        }
        return touching;
    """
    assert await run("chart_bars", body) == []


async def test_the_line_of_a_charge_goes_on_when_central_tells_all_anew(run) -> None:
    body = f"""
        const store = new m.Store(), row = {ROW};
        const names = [[0, "CP001", "Elche", 3000], [1, "CP002", "Elche", 3000]];
        const snap = (c, u) => store.apply({{ t: "snap", now: 0, rev: 1, c, u }});
        snap(names, [row.with(3, 1), row.with(0, 1).with(3, 5)]);
        store.apply({{ t: "d", now: 1, rev: 2, u: [row.with(3, 2)] }});
        // In another order, and the charge at CP002 is another one.
        const others = [[1, ...names[0].slice(1)], [0, ...names[1].slice(1)]];
        snap(others, [row.with(0, 1).with(3, 3), row.with(3, 9).with(7, "S9")]);
        return store.cps.map((cp) => [cp.id, cp.hist]);
    """
    assert await run("store", body) == [["CP002", [9]], ["CP001", [1, 2, 3]]]


async def test_messages_that_come_twice_are_kept_once(run) -> None:
    body = """
        const kept = [{r: 1}, {r: 2}];
        const fresh = m.takeMessages(kept, [{r: 2}, {r: 3}, {r: 4}], 3);
        return [fresh, kept.map((one) => one.r)];
    """
    assert await run("rows", body) == [2, [2, 3, 4]]


# ---- the store


async def test_a_snapshot_replaces_all_and_a_change_touches_only_its_rows(run) -> None:
    body = f"""
        const store = new m.Store();
        const seen = [];
        for (const name of ["snapshot", "points", "rows", "alerts", "messages", "kpi", "link"]) {{
          store.addEventListener(name, () => seen.push(name));
        }}
        const now = Date.now() / 1000;
        store.apply({{t: "snap", epoch: "a", rev: 5, now, c: [[0, "CP001", "Elche", 3000]], u: [{ROW}],
          alerts: [], messages: [{{r: 4}}], kpi: {{by: []}}, banners: []}});
        const first = seen.splice(0);
        store.apply({{t: "d", rev: 6, now, c: [], u: [{ROW}], messages: [{{r: 4}}], kpi: {{by: []}}}});
        return [first, seen, store.rev, store.messages.length, store.link];
    """
    first, second, rev, messages, link = await run("store", body)
    assert first == ["snapshot", "kpi", "link"]
    assert second == ["rows", "kpi"]
    assert (rev, messages, link) == (6, 1, "live")


async def test_what_comes_while_a_page_is_still_made_is_heard_by_all_of_it(run) -> None:
    body = """
        let socket;
        globalThis.WebSocket = class { constructor() { socket = this; } close() {} };
        const store = new m.Store();
        store.reach();
        const snapshot = {t: "snap", epoch: "a", rev: 5, now: Date.now() / 1000, banners: [{id: "registry"}]};
        socket.onmessage({data: JSON.stringify(snapshot)});
        const before = store.rev;
        const seen = [];
        store.addEventListener("snapshot", () => seen.push(store.banners[0].id));
        const first = socket;
        store.connect();
        return [before, seen, store.rev, first === socket];
    """
    assert await run("store", body) == [-1, ["registry"], 5, True]


async def test_a_page_that_hears_nothing_becomes_stale_and_then_lost_and_time_stands_still_on_it(run) -> None:
    body = """
        const store = new m.Store();
        const states = [[store.link, 0]];
        store.apply({t: "snap", epoch: "a", rev: 1, now: 0});
        for (const age of [1, 4, 7, 70]) {
          store.heardAt = performance.now() - age * 1000;
          store.tick();
          states.push([store.link, Math.round(store.now() - store.shown())]);
        }
        return states;
    """
    # What is older than the last word of Central is known of nothing: no status lasts on a page that lost it.
    assert await run("store", body) == [["wait", 0], ["live", 0], ["stale", 0], ["lost", 7], ["lost", 70]]


# ---- numbers and words


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


async def test_paper_says_which_currency_it_is_where_several_have_its_sign(room, window) -> None:
    body = """
        const { setLang } = await import("/static/js/i18n.js");
        const { ready, bill } = await import("/static/js/paper.js");
        const { euros } = await import("/static/js/format.js");
        await ready();
        const lines = [{ kind: "energy", price: "0.2515", energy_mwh: 4e6, cents: 123456, reason: "", at: null }];
        const made = () => bill({ lines, total_cents: 123456, energy_mwh: 4e6, vat: { percent: 21, cents: -5 } });
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


async def test_the_axis_of_a_chart_has_round_times_of_the_network(run) -> None:
    body = """
        const { setZone } = await import("/static/js/zone.js");
        const { clock } = await import("/static/js/format.js");
        setZone("Asia/Kathmandu");
        const at = Date.UTC(2026, 9, 31) / 1000;
        return m.instants(at, at + 86400, 2).map(clock);
    """
    assert await run("chart_parts", body) == ["12:00:00", "00:00:00"]


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


# ---- logins


async def test_what_is_refused_while_the_own_password_changes_is_asked_again_with_the_new_login(run) -> None:
    body = """
        // Central ends the old login, and closes its socket, before the new one is here.
        const asked = [];
        let changed;
        window.fetch = (path) => {
            asked.push(path);
            if (path === "/api/password") return new Promise((done) => { changed = () => done(Response.json({})); });
            return Promise.resolve(Response.json({ path }, { status: asked.length > 2 ? 200 : 401 }));
        };
        const change = m.changePassword({});
        const who = m.get("/api/whoami");
        await new Promise((done) => setTimeout(done));
        const before = [...asked];
        changed();
        await change;
        return [before, (await who).path, asked];
    """
    first = ["/api/password", "/api/whoami"]
    assert await run("api", body) == [first, "/api/whoami", [*first, "/api/whoami"]]


# ---- places of things


async def test_locations_are_one_site_whatever_their_case(run) -> None:
    body = """
        // One form of letters and blanks is Central's work.
        const cps = ["Málaga", "MÁLAGA", "Alcoy"].map((location, i) => ({ i, location, where: `${location}, ES` }));
        return m.sitesOf(cps).map((site) => [site.name, site.cps]);
    """
    assert await run("sites", body) == [["Málaga, ES", [0, 1]], ["Alcoy, ES", [2]]]


async def test_scattered_charging_points_stand_in_one_group_without_a_heading(run) -> None:
    body = """
        const cps = ["A", "B", "C", "D"].map((location, i) => ({ i, location }));
        return m.wallSites(cps).map((site) => [site.key, site.cps]);
    """
    assert await run("sites", body) == [["*", [0, 1, 2, 3]]]


async def test_all_cells_of_a_mosaic_fit(run) -> None:
    body = """
        return [1, 6, 500, 10_000].map((count) => {
          const cps = Array.from({ length: count }, (_, i) => i);
          const plan = m.planMosaic([{ key: "a", name: "A", cps }], 1000, 600, 64);
          return [plan.rows.flat().length, plan.cw * plan.cols <= 1000.5, plan.ch * plan.rows.length <= 600.5];
        });
    """
    assert await run("mosaic_plan", body) == [[count, True, True] for count in (1, 6, 500, 10_000)]


async def test_a_mosaic_fills_what_there_is(run) -> None:
    body = """
        const [width, height, found] = [1130, 830, []];
        for (const counts of [[18], [3, 3, 3, 3, 3, 3], [1, 5], [40, 40, 40, 40, 40]]) {
          let i = 0;
          const cps = (length) => Array.from({ length }, () => i++);
          const sites = counts.map((count, k) => ({ key: `${k}`, name: "", cps: cps(count) }));
          const { cw, ch, rows } = m.planMosaic(sites, width, height, Infinity);
          found.push((cw * ch * rows.flat().length) / width / height);
        }
        return found;
    """
    for share in await run("mosaic_plan", body):
        assert share > 0.65


async def test_the_arrows_of_a_mosaic_stay_inside(run) -> None:
    body = """
        const rows = [[0, 1, 2], [3]];
        const to = (i, step) => m.stepFrom(rows, i, step);
        return [to(2, [1, 0]), to(0, [-1, 0]), to(2, [0, 1]), to(3, [0, 1]), to(3, [-1, 0]), to(99, [1, 0])];
    """
    assert await run("mosaic_plan", body) == [3, 0, 3, 3, 2, 0]


SPELLINGS = [
    "San  Juan", "san\u00a0juan ", "M\u00e1laga", "Ma\u0301laga", "MÁLAGA", "El\u200bche", "Ｅｌｃｈｅ", "Guadalajara",
    "guadalajara ,es", "Guadalajara, ES", "Straße", "STRASSE", "Elche, Alicante", "", "Łódź", "\u202eelche", "a,b",
    "São Paulo",
]  # fmt: skip


async def test_the_pages_tell_locations_apart_as_central_does(run) -> None:
    texts = json.dumps(SPELLINGS)
    assert await run("location", f"return {texts}.map(m.tidy)") == [Location(text).name for text in SPELLINGS]
    assert await run("location", f"return {texts}.map(m.place)") == [Location(text).key for text in SPELLINGS]
    assert await run("location", f"return {texts}.map(m.plain)") == [
        without_accents(text) for text in SPELLINGS
    ]
    assert await run("country", f"return {texts}.map((one) => m.townAndCountry(one))") == [
        [Location(text).town, Location(text).country] for text in SPELLINGS
    ]


async def test_the_map_knows_towns_and_puts_no_town_of_another_country_here(run) -> None:
    body = 'return ["Guadalajara", "guadalajara, es", "Guadalajara, MX", "Campus, Alicante"].map(m.townOf)'
    here = [-3.17, 40.63]
    assert await run("places", body) == [here, here, None, [-0.48, 38.35]]


MAP = "const [w, h] = [1000, 600]; const towns = [[-0.48, 38.35], [-8.41, 43.36], [2.17, 41.39]];"


async def test_a_fitted_map_shows_every_place_north_upwards(run) -> None:
    body = f"{MAP} const view = m.fitted(towns, w, h); return towns.map((one) => m.onMap(view, one, w, h));"
    alicante, coruna, barcelona = await run("map_plan", body)
    assert all(0 < x < 1000 and 0 < y < 600 for x, y in (alicante, coruna, barcelona))
    assert coruna[0] < alicante[0] < barcelona[0]
    assert coruna[1] < barcelona[1] < alicante[1]
    # One alone, and none, have land around them.
    body = f"{MAP} return [m.fitted(towns.slice(0, 1), w, h).k, m.fitted([], w, h).k].every((k) => k < 500);"
    assert await run("map_plan", body) is True


async def test_what_is_under_the_pointer_stays_there_when_the_map_is_zoomed(run) -> None:
    body = f"""{MAP}
        const view = m.fitted(towns, w, h);
        const at = m.onMap(view, towns[1], w, h);
        const [dx, dy] = [at[0] - w / 2, at[1] - h / 2];
        const near = m.onMap(m.zoomed(view, 3, [dx, dy], w), towns[1], w, h);
        const far = m.zoomed(view, 1e-9, [0, 0], w);
        const moved = m.onMap(m.moved(view, 30, -20), towns[1], w, h);
        const same = near.map((one, k) => Math.abs(one - at[k]) < 0.01);
        return [same, w / far.k, moved.map((one, k) => Math.round(one - at[k]))];
    """
    assert await run("map_plan", body) == [[True, True], 360, [30, -20]]


async def test_the_area_of_a_site_tells_its_power_and_no_name_covers_another_or_is_lost(run) -> None:
    body = """
        const [none, small, large] = m.radii([0, 25_000, 100_000]);
        const sites = [["Alicante", 0], ["Elche", 45], ["Altea", 50], ["Alcoy", 200]]
          .map(([name, x]) => ({ name, x, y: 0, r: 20 }));
        return [small - none, large - none, m.withRoom(sites)];
    """
    small, large, room = await run("map_plan", body)
    assert large == 2 * small
    assert [(one["text"], one["shift"]) for one in room] == [
        ("Alicante", [0, 0]),
        ("Elche", [0, -99]),
        ("Altea", [58, -54]),
        ("Alcoy", [0, 0]),
    ]
    # At the edge of the picture a name stands where all of it is seen.
    body = """
        const at = (x, y) => [{ name: "Sevilla", x, y, r: 20 }];
        const places = [[60, 170], [370, 100], [25, 100], [200, 100], [500, 100]];
        const shifts = places.map(([x, y]) => m.withRoom(at(x, y), 400, 200)[0].shift);
        const narrow = m.withRoom(at(25, 100), 70, 200)[0].shift;
        return [...shifts.map(([dx, dy]) => [Math.sign(dx), Math.sign(dy)]), narrow];
    """
    # In a narrow picture it stands below, moved by what would be cut.
    assert await run("map_plan", body) == [[0, -1], [0, 0], [1, -1], [0, 0], [0, 0], [10, 0]]
    # Whose name has no room on any side is named beside the nearest: in full where that has room, else counted.
    body = """
        const crowd = ["Elda", "Sax", "Ibi", "Onil", "Biar"].map((name) => ({ name, x: 0, y: 0, r: 20 }));
        const around = [["Jaca", 45, 48], ["Lorca", -45, 48]];
        const hemmed = [...crowd, ...around.map(([name, x, y]) => ({ name, x, y, r: 9 }))];
        const edge = crowd.map((site) => ({ ...site, x: 31, y: 100 }));
        const slid = ["Sevilla", "Huelva", "Utrera"].map((name) => ({ name, x: 25, y: 100, r: 20 }));
        const rooms = [m.withRoom(edge, 400, 200), m.withRoom(slid, 100, 200)];
        return [...[crowd, hemmed].map((sites) => m.withRoom(sites)), ...rooms];
    """
    roomy, hemmed, edge, slid = await run("map_plan", body)
    assert [one["text"] for one in roomy if one["shift"]] == ["Elda, Biar", "Sax", "Ibi", "Onil"]
    assert [one["text"] for one in roomy if not one["shift"]] == ["Biar"]
    assert [one["text"] for one in hemmed if one["shift"]] == [
        "Elda +1",
        "Sax",
        "Ibi",
        "Onil",
        "Jaca",
        "Lorca",
    ]
    assert [one["text"] for one in edge if one["shift"]] == ["Elda +2", "Sax", "Ibi"]
    # What was moved to the edge has room for the count: 8 a letter, from 25 + 15 in the middle.
    assert (slid[0]["text"], slid[0]["shift"]) == ("Sevilla +1", [15, 0])


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


async def test_a_line_of_samples_ends_at_the_right_edge(run) -> None:
    assert await run("spark", "return m.spark([0, 10], 30, 20)[0]") == "M28 19.0L29 2.0"
    assert await run("spark", "return m.spark([5], 30, 20)[0]") == ""
    assert await run("spark", "return m.spark([0, 10], 30, 20)[1]") == "M28 19.0L29 2.0V20H28Z"


async def test_what_is_not_known_is_a_gap_in_a_line_of_samples(run) -> None:
    line, area = await run("spark", "return m.spark([null, 0, 10, null, 5, null], 6, 20)")
    assert line == "M1 19.0L2 2.0M4 10.5"
    assert area == "M1 19.0L2 2.0V20H1ZM4 10.5V20H4Z"


async def test_the_last_hour_ends_with_what_it_is_now(run) -> None:
    body = """
        const now = 1_800_000_000, known = [[now - 3_600, 9], [now - 60, 1], [now - 30, 2]];
        const told = m.lastHour(known, now, 7), late = m.lastHour(known, now + 600, 7);
        return [told.length, told.slice(-5), late.slice(-4), late.indexOf(2), m.lastHour([], now, 0).some(Boolean)];
    """
    assert await run("spark", body) == [241, [None, 1, None, 2, 7], [None, None, None, 7], 197, False]


async def test_a_list_keeps_its_rows_and_their_focus(run) -> None:
    body = """
        const list = document.body.appendChild(document.createElement("ol"));
        const make = (key) => {
          const el = document.createElement("li");
          el.tabIndex = 0;
          el.textContent = key;
          return el;
        };
        const show = (...keys) => m.keyed(list, keys, (key) => key, make);
        show("a", "b");
        list.children[1].focus();
        show("c", "b");
        const kept = document.activeElement.textContent;
        return [kept, [...list.children].map((el) => el.textContent)];
    """
    assert await run("keyed", body) == ["b", ["c", "b"]]


async def test_a_message_names_driver_and_point_and_leaves_out_the_unguessable_part(run) -> None:
    body = 'return m.brief("S-D01-CP001-0123456789abcdef: charging");'
    assert await run("messages_list", body) == "D01-CP001: charging"


# ---- what is asked of Central

# Central as a test wants it: `asked` is what it was asked for, in order; `tell(k, status, body)` answers the k-th.
CENTRAL = """
    const [asked, waiting] = [[], []];
    window.fetch = (path) => new Promise((done) => { asked.push(path); waiting.push(done); });
    const later = () => new Promise((done) => setTimeout(done));
    const tell = async (k, status, body) => {
      const headers = new Headers({ "Content-Type": "application/json" });
      waiting[k]({ ok: status === 200, status, headers, json: async () => body });
      await later();
    };
"""


async def test_figures_that_fail_late_do_not_replace_newer_ones(run) -> None:
    body = f"""
        {CENTRAL}
        const usage = new m.Usage();
        let changes = 0;
        usage.addEventListener("change", () => changes++);
        usage.load(7);
        usage.load(30);
        await tell(1, 200, {{ cps: [{{ cp_id: "CP001" }}] }});
        await tell(0, 503, {{ detail: "Too much at once." }});
        return [usage.text, changes, [...usage.uses.keys()]];
    """
    assert await run("monitor/usage", body) == ["", 1, ["CP001"]]


async def test_a_day_that_could_not_be_had_is_said_and_not_asked_for_at_every_look(run) -> None:
    body = f"""
        {CENTRAL}
        let now = 1000;
        const past = new m.Past(() => now);
        let told = 0;
        past.addEventListener("day", () => told++);
        past.of("CP001");
        await tell(0, 503, {{ detail: "Too much at once." }});
        for (let k = 0; k < 8; k++, now += 0.25) past.of("CP001");
        const failed = [asked.length, told, past.problem("CP001")];
        now += 5;
        past.of("CP001");
        const again = asked.length;
        await tell(1, 200, {{}});
        return [failed, again, told, past.problem("CP001"), Boolean(past.of("CP001"))];
    """
    assert await run("monitor/past", body) == [[1, 1, "Too much at once."], 2, 2, "", True]


async def test_one_incident_is_one_fault_from_the_first_word_of_it_until_it_is_mended(run) -> None:
    body = """
        const span = (s, from, until, reason = "") => ({ s, from, until, reason });
        const said = (spans) => m.incidents(spans, 1000).map(({ from, until, reason }) => [from, until, reason]);
        return [
            said([span("available", 0, 10), span("faulted", 10, 20, "hot"),
                span("faulted", 20, 90, "hotter"), span("charging", 90, null)]),
            said([span("available", 0, 10), span("faulted", 10, 20, "hot"), span("disconnected", 20, 30),
                span("unknown", 30, 40), span("faulted", 40, null, "hot")]),
            said([span("unknown", 0, 10), span("faulted", 10, 12), span("available", 12, null)]),
            said([span("disconnected", 0, 10), span("faulted", 10, 100, "no engine"), span("available", 100, null)]),
            said(undefined),
        ];
    """
    assert await run("monitor/faults", body) == [
        [[10, 90, "hotter"]],
        [[10, None, "hot"]],
        [],
        [[10, 100, "no engine"]],
        [],
    ]


async def test_a_status_that_is_older_than_an_absence_of_central_is_drawn_from_when_it_is_seen_again(
    run,
) -> None:
    body = f"""
        {CENTRAL}
        const past = new m.Past(() => 2000);
        past.of("CP001");
        const history = [{{ at: "1970-01-01T00:30:00+00:00", status: "NoData", until: null, reason: "" }}];
        await tell(0, 200, {{ history }});
        past.follow({{ id: "CP001", s: 0, since: 60, power: 0, temp: null, fault: "" }});
        return past.of("CP001").spans.map(({{ s, from, until }}) => [s, from, until]);
    """
    assert await run("monitor/past", body) == [["unknown", 1800, 2000], ["available", 2000, None]]


async def test_the_wall_shows_6_to_200_tiles_at_once_on_a_television_and_on_a_larger_one(run) -> None:
    # What the lists, the figures and the frame leave of 1920 × 1080; a larger screen has all of it larger.
    body = """
        const found = [];
        for (const rem of [10, 20]) {
          for (const sites of [1, 3, 12]) {
            for (const points of [6, 18, 60, 120, 200]) {
              const counts = Array.from({ length: sites }, (_, k) => Math.floor((points + k) / sites)).filter(Boolean);
              const room = { width: 142 * rem, height: 82 * rem, rem, counts, headed: sites > 1 };
              const plan = m.planWall(room, ["full", "compact", "line"]);
              found.push([rem, sites, points, plan && { ...plan, room }]);
            }
          }
        }
        return found;
    """
    for rem, sites, points, plan in await run("wall_plan", body):
        case = (rem, sites, points, plan)
        assert plan is not None, case
        width, height, counts = (plan["room"][name] for name in ("width", "height", "counts"))
        # As CSS lays them out: the sites one after the other, in their order.
        shelves: list[list[int]] = [[]]
        used = 0
        for cols, count in zip(plan["cols"], counts, strict=True):
            if shelves[-1] and (used + cols) * (plan["w"] + plan["gap"]) - plan["gap"] > width:
                shelves.append([])
                used = 0
            used += cols
            shelves[-1].append(-(-count // cols))
        heading = plan["head"] + plan["gap"] if sites > 1 else 0
        tall = sum(heading + max(rows) * (plan["h"] + plan["gap"]) for rows in shelves) - plan["gap"]
        assert tall <= height, case
        # Nothing is so small that nobody reads it, and a few are large.
        assert plan["form"] == "full" if points <= 60 else plan["form"] in ("full", "compact"), case
        assert plan["scale"] > 1.8 or points > 6, case


async def test_a_wall_of_thousands_scrolls(run) -> None:
    body = """
        const room = { width: 1420, height: 820, rem: 10, counts: [2000], headed: false };
        return m.planWall(room, ["full", "compact", "line"]);
    """
    assert await run("wall_plan", body) is None


async def test_a_request_is_late_by_the_time_that_passed_whichever_clock_is_set_meanwhile(run) -> None:
    body = """
        const record = m.fresh("R-1", "D01");
        const [now, clock] = [performance.now(), Date.now()];
        Date.now = () => clock + 86_400_000;
        const told = [m.isLate(record)];
        performance.now = () => now + 121_000;
        told.push(m.isLate(record), m.isLate({ ...record, phase: "sent" }));
        return told;
    """
    assert await run("driver/record", body) == [False, True, False]


async def test_sites_and_their_points_are_in_the_order_of_people(run) -> None:
    body = """
        const cps = ["CP10", "CP2", null, "CP1"].map((id, i) => id && { id, i, location: "Elche", where: "Elche" });
        return m.wallSites(cps).map((site) => site.cps.map((i) => cps[i].id));
    """
    assert await run("sites", body) == [["CP1", "CP2", "CP10"]]
