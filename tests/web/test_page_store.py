"""What the pages keep of Central's news, and what they ask of it: their modules, each alone in an empty page."""

ROW = "[0, 2, 50, 7000, 1, 2, 'D01', 'S1', 40, '', '', 3, 251]"


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


async def test_a_request_is_late_by_the_time_that_passed_whichever_clock_is_set_back_meanwhile(run) -> None:
    body = """
        const record = m.fresh("R-1", "D01");
        const [now, clock] = [performance.now(), Date.now()];
        Date.now = () => clock - 86_400_000;
        const told = [m.isLate(record)];
        performance.now = () => now + 121_000;
        told.push(m.isLate(record), m.isLate({ ...record, phase: "sent" }));
        return told;
    """
    assert await run("driver/record", body) == [False, True, False]


async def test_a_request_is_late_after_a_phone_slept_and_its_steady_clock_stood_still(run) -> None:
    body = """
        const record = m.fresh("R-1", "D01");
        const clock = Date.now();
        const after = (seconds) => ((Date.now = () => clock + seconds * 1000), m.isLate(record));
        // A page of before did not note it.
        return [after(60), after(3600), m.isLate({ ...record, asked_at: undefined })];
    """
    assert await run("driver/record", body) == [False, True, False]
