"""Whatever the API can change, people can: each route has a command and a place on a page, and both are there."""

from collections.abc import AsyncIterator
from pathlib import Path

import click
import pytest

from evcharge.central.terminal.command_line import PanelVerb
from evcharge.cli import evcharge
from tests.component.office import Office, opened

WEB = Path(__file__).parents[2] / "evcharge" / "central" / "web" / "js"

# Of each route that changes something: its command, and where on the pages it is ordered (a module, and what it calls).
ORDERS = {
    ("POST", "/api/accounts"): ("account add", "pages/people.js", "`/api/${what}`"),
    ("PATCH", "/api/accounts/{name}"): ("account role", "pages/people.js", "/api/accounts/${"),
    ("POST", "/api/accounts/{name}/password"): ("account password", "pages/people.js", "`${path}/password`"),
    ("DELETE", "/api/accounts/{name}"): ("account remove", "pages/people.js", "del(path)"),
    ("POST", "/api/tokens"): ("token add", "pages/people.js", "`/api/${what}`"),
    ("DELETE", "/api/tokens/{name}"): ("token remove", "pages/people.js", "/api/tokens/${"),
    ("POST", "/api/password"): ("account password", "api.js", '"/api/password"'),
    ("POST", "/api/alerts/{alert_id}/close"): ("alerts --close", "alerts_list.js", "/api/alerts/${"),
    ("POST", "/api/alerts/{alert_id}/take"): ("alerts --take", "alert_take.js", "/api/alerts/${"),
    ("POST", "/api/alerts/{alert_id}/leave"): ("alerts --leave", "alert_take.js", '"leave"'),
    ("POST", "/api/cps/out"): ("out --all", "commands.js", '"/api/cps/out"'),
    ("POST", "/api/cps/resume"): ("resume --all", "commands.js", '"/api/cps/resume"'),
    ("POST", "/api/cps/{cp_id}/out"): ("out", "commands.js", 'send(cp, "out")'),
    ("POST", "/api/cps/{cp_id}/resume"): ("resume", "commands.js", 'send(cp, "resume")'),
    ("POST", "/api/cps/{cp_id}/revoke"): ("revoke", "commands.js", 'send(cp, "revoke")'),
    # Its price; its location is in commands.js, and `move` at the panel.
    ("PATCH", "/api/cps/{cp_id}"): ("cp set", "reprice.js", "/api/cps/${"),
    ("POST", "/api/drivers/{driver_id}/block"): ("block", "pages/drivers.js", "/block`"),
    ("POST", "/api/drivers/{driver_id}/start"): ("start", "start_for.js", "/start`"),
    ("POST", "/api/drivers/{driver_id}/top-up"): ("top-up", "money.js", "/top-up`"),
    ("POST", "/api/drivers/{driver_id}/correct"): ("correct", "money.js", "/correct`"),
    ("POST", "/api/drivers/{driver_id}/pay-out"): ("pay-out", "money.js", "/pay-out`"),
    ("POST", "/api/sessions/{session_id}/refund"): ("refund", "money.js", "/refund`"),
    ("POST", "/api/sessions/{session_id}/stop"): ("stop", "end_charge.js", "/stop`"),
    ("POST", "/api/sessions/{session_id}/close-lost"): ("close-lost", "session_orders.js", "/close-lost`"),
    ("POST", "/api/locations/{location}/override"): ("override", "pages/weather.js", "/override`"),
    ("POST", "/api/registrations"): ("cp add", "registration_form.js", '"/api/registrations"'),
    ("DELETE", "/api/registrations/{id}"): ("cp withdraw", "registration_columns.js", "del(path(id))"),
    ("POST", "/api/registrations/{id}/activate"): ("cp enable", "registration_columns.js", '"activate"'),
    ("POST", "/api/registrations/{id}/deactivate"): ("cp disable", "registration_columns.js", '"deactivate"'),
    ("POST", "/api/registrations/{id}/rotate"): ("cp rotate", "registration_columns.js", '"rotate"'),
    # A driver's own: its app is the command.
    ("POST", "/api/me/requests"): ("driver", "driver/sending.js", '"/api/me/requests"'),
    ("POST", "/api/me/stop"): ("driver", "driver/journey.js", '"/api/me/stop"'),
    ("POST", "/api/me/answers"): ("driver", "driver/question.js", '"/api/me/answers"'),
    ("POST", "/api/me/pin"): ("driver", "driver/pin.js", '"/api/me/pin"'),
    ("POST", "/api/me/notify"): ("driver", "driver/notify.js", '"/api/me/notify"'),
    ("DELETE", "/api/me/pin"): ("driver", "driver/pin.js", '"/api/me/pin"'),
    ("POST", "/api/me/tickets/{session_id}/seen"): ("driver", "driver/tickets.js", "/seen`"),
}
# What only a program says of itself, and how a person comes and goes on the pages.
OF_PROGRAMS = {
    ("POST", "/api/weather_update"),
    ("POST", "/api/weather_alert"),
    ("DELETE", "/api/weather_alert"),
    ("POST", "/api/weather_source"),
    ("POST", "/api/weather_goodbye"),
    ("POST", "/api/login"),
    ("POST", "/api/login/link"),
    ("POST", "/api/login/token"),
    ("POST", "/api/accounts/{name}/link"),
    ("POST", "/api/logout"),
}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as office:
        yield office


async def test_every_route_that_changes_something_is_named_here(office: Office):
    description = (await office.ask("GET", "/api/openapi.json", token=None)).body
    changing = {
        (method.upper(), path)
        for path, methods in description["paths"].items()
        for method in methods
        if method.upper() not in ("GET", "HEAD")
    }
    assert changing == ORDERS.keys() | OF_PROGRAMS


@pytest.mark.parametrize("route", ORDERS, ids=" ".join)
def test_every_order_has_a_command_and_a_place_on_a_page(route: tuple[str, str]):
    words, module, call = ORDERS[route]
    command: click.Command = evcharge
    for word in words.split():
        if word.startswith("--"):
            assert any(word in parameter.opts for parameter in command.params)
        else:
            assert isinstance(command, click.Group)
            command = command.commands[word]
    assert call in (WEB / module).read_text("utf-8")


AT_THE_PANEL = (
    "out",
    "resume",
    "revoke",
    "start",
    "stop",
    "close-lost",
    "top-up",
    "correct",
    "refund",
    "pay-out",
)


@pytest.mark.parametrize("words", AT_THE_PANEL)
def test_the_panel_has_the_orders_of_every_day_by_the_same_name(words: str):
    assert words in evcharge.commands
    assert words in set(PanelVerb)
