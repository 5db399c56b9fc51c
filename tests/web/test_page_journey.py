"""What the driver's page makes of a request to charge, in the browser and without Central."""

_CENTRAL_SAYS = """
    const told = [];
    globalThis.fetch = async (_path, { body }) => {
      told.push(JSON.parse(body).request_id);
      const step = told.length === 1 ? "ASKING" : "REFUSED";
      const content = JSON.stringify({ step, cp_id: "CP001", en: "no", es: "no" });
      return new Response(content, { headers: { "Content-Type": "application/json" } });
    };
    const me = { driver_id: "D01", session: null, refused: null, tickets: [] };
    const journey = new m.Journey(() => 1000);
    const reached = (phase) => new Promise((resolve) => {
      const look = () => journey.record?.phase === phase && resolve();
      journey.addEventListener("change", look);
      look();
    });
    journey.follow(me);
    journey.ask({ cp: "CP001" });
    await reached("sent");
"""


async def test_a_request_that_came_to_nothing_while_nothing_was_heard_is_asked_about(run) -> None:
    # Its refusal was told to nobody: the socket was being opened anew.
    body = (
        _CENTRAL_SAYS
        + """
        journey.follow(me);
        if (told.length < 2) return "it says for ever that it was asked for";
        await reached("refused");
        return [told.length, new Set(told).size, journey.busy];
    """
    )
    assert await run("driver/journey", body) == [2, 1, False]
