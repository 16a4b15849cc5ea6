"""What people do in the console, from the first click to what the server knows afterwards."""

from __future__ import annotations

import json

import httpx
from playwright.sync_api import Browser, WebSocketRoute, expect

from tests.browser.conftest import PICTURES
from tests.browser.console import Console, Server, opened

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "locale": "de-DE",
}
KNOCK = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "ocpp1.6",
}


def knock(server: Server, station_id: str) -> None:
    """Try to connect as a station that nobody has registered."""
    address = server.stations.replace("ws://", "http://") + station_id
    assert httpx.get(address, headers=KNOCK).status_code in (401, 403, 404)


def test_a_station_that_knocked_is_adopted_with_one_click(
    console: Console, made: list[str]
) -> None:
    made.append("stations/GARAGE-7")
    knock(console.server, "GARAGE-7")
    page = console.open("/stations", ready="text=GARAGE-7")
    console.look("inbox", schemes=["light"])
    page.get_by_role("listitem").filter(has_text="GARAGE-7").get_by_role(
        "button", name="Adopt"
    ).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Garage")
    dialog.get_by_role("button", name="Adopt").click()
    expect(dialog.get_by_text("GARAGE-7 is registered")).to_be_visible()
    console.look("adopted", schemes=["light"])
    dialog.get_by_role("button", name="Open the station").click()
    expect(page.get_by_role("heading", name="Garage")).to_be_visible()
    assert console.server.get("stations/GARAGE-7")["name"] == "Garage"


def test_a_stranger_is_dismissed_until_it_comes_again(console: Console) -> None:
    knock(console.server, "GARAGE-8")
    page = console.open("/stations", ready="text=GARAGE-8")
    stranger = page.get_by_role("listitem").filter(has_text="GARAGE-8")
    stranger.get_by_role("button", name="Dismiss GARAGE-8").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("If it tries to connect again")
    dialog.get_by_role("button", name="Dismiss").click()
    expect(dialog).to_have_count(0)
    expect(stranger).to_have_count(0)


def test_the_address_for_a_wallbox_is_shown_with_its_code(console: Console) -> None:
    page = console.open("/stations", ready="tbody a")
    page.get_by_role("button", name="Connect a wallbox").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("/ocpp/<station id>")).to_be_visible()
    expect(dialog.get_by_role("img", name="QR code of ws://")).to_be_visible()
    console.look("connect", schemes=["light"])


def test_a_refused_form_says_so_at_the_field(console: Console) -> None:
    page = console.open("/stations", ready="tbody a")
    page.get_by_role("button", name="Register a station").click()
    page.get_by_label("Id", exact=True).fill("A:B")
    page.get_by_role("dialog").get_by_role("button", name="Register a station").click()
    field = page.locator("input[name=id]")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    console.faults.clear()  # the browser notes the refusal


def test_a_command_is_sent_and_the_answer_of_the_station_is_shown(console: Console) -> None:
    station = console.server.a_station("1.6")
    page = console.open(f"/stations/{station}", ready="#commands")
    page.get_by_label("Command", exact=True).select_option("trigger-message")
    page.get_by_label("Message", exact=True).fill("Heartbeat")
    page.get_by_role("button", name="Send", exact=True).click()
    told = page.locator("article").first
    expect(told).to_contain_text("Accepted")
    told.locator("summary").click()
    expect(told.locator("pre")).to_contain_text('"status": "Accepted"')
    console.look("command", schemes=["light"])
    page.get_by_text("Commands given so far").click()
    given = page.get_by_role("list", name="Commands given so far").get_by_role("listitem").first
    expect(given).to_contain_text("Trigger message")
    expect(given).to_contain_text(console.server.name)
    expect(given).to_contain_text("Accepted")
    console.look("commands-given", schemes=["light"])


def test_what_a_version_lacks_cannot_be_sent_and_says_why(console: Console) -> None:
    station = console.server.a_station("1.2")
    page = console.open(f"/stations/{station}", ready="#commands")
    page.get_by_label("Command", exact=True).select_option("trigger-message")
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    expect(page.get_by_role("note")).to_have_text("OCPP 1.2 does not know this.")


def test_a_variable_is_asked_for_found_and_set(console: Console) -> None:
    station = console.server.a_station("2.0.1")
    page = console.open(f"/stations/{station}/variables", ready="text=Ask the station")
    page.get_by_role("button", name="Ask the station").click()
    page.get_by_role("searchbox").fill("HeartbeatInterval")
    page.get_by_role("button", name="Set HeartbeatInterval").click()
    page.get_by_label("Value").fill("77")
    page.get_by_role("dialog").get_by_role("button", name="Set", exact=True).click()
    told = page.locator("article")
    expect(told).to_contain_text("Set HeartbeatInterval")
    expect(told).to_contain_text("Accepted")
    page.get_by_role("searchbox").fill("")
    console.look("variables")


def test_frames_stand_with_their_answers_and_are_exported(console: Console) -> None:
    station = console.server.a_station("1.6")
    page = console.open(f"/stations/{station}/frames?q=BootNotification", ready="li button")
    row = page.locator("li > button", has_text="BootNotification").first
    row.click()
    expect(page.locator("pre")).to_have_count(2)
    expect(page.locator("pre").nth(1)).to_contain_text('"status": "Accepted"')
    console.look("frames")
    with page.expect_download() as saving:
        page.get_by_role("link", name="JSON lines").click()
    lines = saving.value.path().read_text(encoding="utf-8").splitlines()
    assert saving.value.suggested_filename == "frames.jsonl"
    assert {json.loads(line)["action"] for line in lines} == {"BootNotification"}


def test_what_was_repaired_is_shown_with_its_meaning_and_its_last_frame(console: Console) -> None:
    page = console.open("/stations/DEMO-ODD-16J", ready="#repairs")
    repair = page.get_by_role("list", name="Repairs").get_by_role("listitem").first
    expect(repair).to_be_visible()
    repair.scroll_into_view_if_needed()
    console.look("repairs")
    page.get_by_role("link", name="The last frame").first.click()
    expect(page.get_by_text("Only the frame that you were led to")).to_be_visible()
    expect(page.locator("li > button")).to_have_count(1)
    expect(page.locator("pre").first).to_be_visible()
    console.look("repaired-frame", schemes=["light"])
    page.get_by_role("link", name="Show all frames").click()
    expect(page.get_by_text("Only the frame that you were led to")).to_have_count(0)
    expect(page.locator("li > button").nth(1)).to_be_visible()
    page = console.open("/stations/DEMO-21", ready="#repairs")
    expect(page.get_by_text("Nothing that the station sent had to be repaired")).to_be_visible()


def test_an_id_token_is_added_changed_and_removed(console: Console) -> None:
    page = console.open("/id-tokens", ready="tbody tr[data-row]")
    page.get_by_role("button", name="Add an id token").click()
    page.locator("input[name=token]").fill("CARD-OF-ADA")
    page.get_by_label("Note").fill("spare card")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("searchbox").fill("card-of-ada")
    page.get_by_role("button", name="CARD-OF-ADA", exact=True).click()
    page.get_by_label("Status").select_option("blocked")
    console.look("id-token", schemes=["light"])
    page.get_by_role("button", name="Save").click()
    row = page.locator("tbody tr[data-row]")
    expect(row).to_contain_text("Blocked")
    console.look("id-tokens")
    assert console.server.get("id-tokens/CARD-OF-ADA")["note"] == "spare card"
    page.get_by_label("Select CARD-OF-ADA").check()
    page.get_by_role("button", name="Remove …").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)


def test_a_user_is_added_and_removed(console: Console) -> None:
    page = console.open("/users", ready="tbody tr[data-row]")
    console.look("users")
    page.get_by_role("button", name="Add a user").click()
    page.locator("input[name=name]").fill("grace")
    page.locator("input[name=password]").fill("correct horse battery")
    page.get_by_role("button", name="Save").click()
    grace = page.locator("tbody tr[data-row]").filter(has_text="grace")
    expect(grace).to_have_count(1)
    page.get_by_role("button", name="Remove grace").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(grace).to_have_count(0)


def test_an_api_token_is_shown_once_and_removed(console: Console) -> None:
    page = console.open("/api-tokens", ready="tbody tr[data-row]")
    console.look("api-tokens")
    page.get_by_role("button", name="Add an API token").click()
    page.locator("input[name=name]").fill("billing")
    page.get_by_role("button", name="Save").click()
    secret = page.locator(".secret code").inner_text()
    headers = {"Authorization": f"Bearer {secret}"}
    assert httpx.get(f"{console.server.address}/api/v1/me", headers=headers).status_code == 200
    page.get_by_role("dialog").get_by_text("Close", exact=True).click()
    remove = page.get_by_role("button", name="Remove the API token billing")
    remove.click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(remove).to_have_count(0)


def test_a_station_is_named_in_its_settings(console: Console) -> None:
    station = console.server.a_station("2.0.1")
    page = console.open(f"/stations/{station}/settings", ready="input[name=name]")
    console.look("settings")
    page.fill("input[name=name]", "Yard")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_role("heading", name="Yard")).to_be_visible()
    page.fill("input[name=name]", "")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name=station)).to_be_visible()


def test_where_a_soap_station_listens_is_registered_in_its_settings(console: Console) -> None:
    station = console.server.a_station("1.5")
    page = console.open(f"/stations/{station}/settings", ready="input[name=soap_host]")
    field = page.get_by_label("SOAP host")
    field.fill("http://192.0.2.7")
    page.get_by_role("button", name="Save").click()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("p.fault")).to_contain_text("give an IP address or a host name alone")
    field.fill("127.0.0.1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.reload()
    expect(field).to_have_value("127.0.0.1")
    field.fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.reload()
    expect(field).to_have_value("")
    console.faults.clear()  # the browser notes the refusal


def test_the_keyboard_alone_finds_a_station(console: Console) -> None:
    page = console.open("/")
    page.keyboard.press("Control+k")
    page.wait_for_selector("[role=option]:has-text('DEMO-21-FAST')")
    page.keyboard.type("21-fast")
    console.look("palette", schemes=["light"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="DEMO-21-FAST")).to_be_visible()


def test_a_lost_connection_is_told_and_recovers_without_a_reload(console: Console) -> None:
    page = console.page
    is_cut = False
    opened_ones: list[WebSocketRoute] = []

    def connected(socket: WebSocketRoute) -> None:
        if is_cut:
            socket.close()
        else:
            socket.connect_to_server()
            opened_ones.append(socket)

    page.route_web_socket("**/api/v1/stream", connected)
    console.open("/stations", ready="tbody a")
    is_cut = True
    opened_ones[-1].close()
    expect(page.get_by_text("No connection").first).to_be_visible()
    expect(page.locator("tbody a").first).to_be_visible()
    is_cut = False
    expect(page.locator("header").get_by_text("Live")).to_be_visible()
    expect(page.locator("tbody a").first).to_be_visible()


def test_it_works_in_german_on_a_phone(
    browser: Browser, server: Server, cookies: list[dict[str, object]]
) -> None:
    with opened(browser, server, PICTURES, cookies=cookies, **PHONE) as console:
        page = console.open("/stations", ready="tbody a")
        expect(page.get_by_role("heading", name="Stationen")).to_be_visible()
        console.look("phone-stations")
        page.locator("tbody a", has_text="DEMO-21").first.click()
        expect(page.get_by_role("heading", name="Befehle")).to_be_visible()
        console.look("phone-station")
        one = server.wait_for("transactions?limit=1&active=true")
        console.open(f"/transactions/{one['id']}", ready=".uplot")
        console.look("phone-transaction", schemes=["light"])
        console.open("/", ready="text=Was jetzt nicht stimmt")
        console.look("phone-overview", schemes=["light"])
        console.judge()


def test_on_a_phone_every_screen_is_two_touches_away(
    browser: Browser, server: Server, cookies: list[dict[str, object]]
) -> None:
    with opened(browser, server, PICTURES, cookies=cookies, **PHONE) as console:
        page = console.open("/", ready="nav li a")
        menu = page.get_by_role("navigation", name="Hauptmenü")
        links, more = menu.get_by_role("link"), menu.get_by_role("button", name="Mehr")
        expect(links).to_have_count(4)
        for each in (*links.all(), more):
            box = each.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= 390
        more.click()
        expect(menu.get_by_role("link", name="Einstellungen")).to_be_visible()
        console.look("phone-menu")
        page.keyboard.press("Escape")
        expect(links).to_have_count(4)
        more.click()
        menu.get_by_role("link", name="Sicherheit").click()
        expect(page.get_by_role("heading", name="Sicherheit")).to_be_visible()
        expect(links).to_have_count(4)
        station = server.a_station("2.1")
        console.open(f"/stations/{station}/settings", ready=".tabs a")
        expect(page.locator(".tabs [aria-current=page]")).to_be_in_viewport(ratio=1)
        console.judge()


def test_the_chart_of_a_day_shows_the_energy_of_each_hour_and_the_hour_that_has_begun(
    console: Console,
) -> None:
    page = console.open("/", ready=".uplot")
    page.get_by_role("button", name="As a table").click()
    expect(page.get_by_role("columnheader", name="Energy per hour")).to_be_visible()
    rows = page.get_by_role("region", name="The last 24 hours").locator("tbody tr")
    expect(rows).to_have_count(24)  # the end of the last hour is drawn, and is no row
    expect(rows.first).to_contain_text("kWh")
