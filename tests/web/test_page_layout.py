"""Where the pages put sites, points, labels and lines: their modules, each alone in an empty page."""

import json

from evcharge.domain.location import Location, without_accents


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


async def test_the_axis_of_a_chart_has_round_times_of_the_network(run) -> None:
    body = """
        const { setZone } = await import("/static/js/zone.js");
        const { clock } = await import("/static/js/format.js");
        setZone("Asia/Kathmandu");
        const at = Date.UTC(2026, 9, 31) / 1000;
        return m.instants(at, at + 86400, 2).map(clock);
    """
    assert await run("chart_parts", body) == ["12:00:00", "00:00:00"]


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


async def test_many_alerts_have_their_share_of_the_side_before_running_sessions(run) -> None:
    body = """
        await m.sheets("side");
        const box = (...all) => m.h("div", { class: all[0] }, all.slice(1));
        const panel = (name) => box(`panel ${name}-panel`, box("scroll", m.h("p")));
        const panels = ["alerts", "running", "messages"].map(panel);
        const side = document.body.appendChild(box("side", ...panels));
        side.style.cssText = "height: 500px; padding: 0";
        for (const line of side.querySelectorAll("p")) line.style.height = "400px";
        return [...side.children].map((one) => Math.round(one.getBoundingClientRect().height));
    """
    alerts, running, messages = await run("dom", body)
    assert alerts == 180
    assert running >= 120
    assert messages >= 120


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


async def test_sites_and_their_points_are_in_the_order_of_people(run) -> None:
    body = """
        const cps = ["CP10", "CP2", null, "CP1"].map((id, i) => id && { id, i, location: "Elche", where: "Elche" });
        return m.wallSites(cps).map((site) => site.cps.map((i) => cps[i].id));
    """
    assert await run("sites", body) == [["CP1", "CP2", "CP10"]]
