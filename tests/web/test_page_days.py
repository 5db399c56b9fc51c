"""What a page that stays open for days still shows and asks for, in the browser and without Central."""

import re


async def test_rows_of_a_table_get_their_date_when_their_day_is_over(run) -> None:
    body = """
        const { when } = await import("/static/js/format.js");
        const clock = Date.now();
        const columns = [{ id: "at", head: "", cell: (row) => when(row.at) }];
        const table = new m.Table({ caption: "", columns, key: ({ id }) => id, empty: "" });
        table.set([{ id: "1", at: clock / 1000 }]);
        const shown = () => table.body.textContent;
        const today = shown();
        Date.now = () => clock + 86_400_000;
        table.still();
        return [today, shown() === when(clock / 1000), shown() !== today];
    """
    today, *told = await run("table", body)
    assert re.fullmatch(r"\d\d:\d\d:\d\d", today)
    assert told == [True, True]


async def test_messages_of_yesterday_have_a_date(run) -> None:
    body = """
        const clock = Date.now() / 1000;
        const messages = [{ r: 1, at: clock, en: "CP001 supplies D01", es: "", cp: "CP001", kind: "ok" }];
        let now = clock;
        const list = new m.MessagesList(document.createElement("div"), { messages, now: () => now });
        const shown = () => (list.update(), list.list.querySelector("time").textContent);
        const today = shown();
        const [line] = list.list.children;
        const same = shown() === today && list.list.children[0] === line;
        now += 86_400;
        const { when } = await import("/static/js/format.js");
        return [same, shown() === when(clock, now) && shown() !== today];
    """
    assert await run("messages_list", body) == [True, True]


async def test_a_banner_of_yesterday_says_since_which_day(run) -> None:
    body = """
        const clock = Date.now() / 1000;
        document.body.append(Object.assign(document.createElement("div"), { id: "banners" }));
        const banners = [{ id: "kafka", en: "Kafka away", since: clock }];
        let now = clock;
        const store = Object.assign(new EventTarget(), { banners, now: () => now });
        let turn;
        globalThis.setInterval = (fn) => ((turn = fn), 1);
        m.watchBanners(store);
        store.dispatchEvent(new Event("snapshot"));
        const shown = () => document.querySelector("#banners time").textContent;
        const today = shown();
        now += 86_400;
        turn();
        const { when } = await import("/static/js/format.js");
        return [today, shown(), when(clock, now)];
    """
    today, tomorrow, dated = await run("connection", body)
    assert today != tomorrow
    assert dated in tomorrow


async def test_a_page_of_the_audit_log_that_could_not_be_had_is_asked_for_again(run) -> None:
    body = """
        let asked = 0;
        const headers = { "Content-Type": "application/json" };
        const json = (content, status = 200) => new Response(JSON.stringify(content), { status, headers });
        const again = new Promise((resolve) => {
          globalThis.fetch = async (path) => {
            if (!path.startsWith("/api/events")) return json({ rows: 0, ok: true });
            if (++asked === 1) return json({ code: "E_BUSY", detail: "Central is starting." }, 503);
            resolve("asked again");
            return json({ events: [], causes: {} });
          };
        });
        const root = document.body.appendChild(document.createElement("div"));
        const unmount = m.mount(root, { cps: [] });
        // Nobody follows the newest rows: what is written never changes.
        root.querySelector(".toggle").click();
        const late = new Promise((resolve) => setTimeout(() => resolve("never again"), 8000));
        const said = await Promise.race([again, late]);
        unmount();
        return said;
    """
    assert await run("pages/audit", body) == "asked again"
