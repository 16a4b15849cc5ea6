"""Every screen shows what the server has, without a finding of axe in light and in dark."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.console import Console


def test_who_logs_in_wrongly_is_told_so_and_rightly_sees_the_overview(stranger: Console) -> None:
    page = stranger.open("/", ready="input[name=name]")
    stranger.look("log-in")
    stranger.judge()
    page.fill("input[name=name]", stranger.server.name)
    page.fill("input[name=password]", "not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    stranger.log_in()
    expect(page.get_by_role("navigation", name="Main menu")).to_be_visible()
    page.reload()
    expect(page.get_by_role("navigation", name="Main menu")).to_be_visible()


def test_who_logs_out_is_out_in_the_server_too(stranger: Console) -> None:
    stranger.log_in()
    page = stranger.page
    page.get_by_label("Account of").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_selector("input[name=name]")
    assert page.request.get(f"{stranger.server.address}/api/v1/me").status == 401


def test_the_overview_says_what_is_wrong_and_what_flows(console: Console) -> None:
    page = console.open("/", ready="text=What is wrong now")
    expect(
        page.get_by_text("Power now").or_(page.get_by_text("Stations connected"))
    ).to_be_visible()
    console.look("overview")


def test_stations_are_searched_and_filtered_and_the_address_holds_it(console: Console) -> None:
    page = console.open("/stations", ready="tbody a")
    rows = page.locator("tbody tr[data-row]")
    console.look("stations")
    page.get_by_role("searchbox").fill("odd")
    odd = len(console.server.ids("ODD"))
    expect(rows).to_have_count(odd)
    expect(page).to_have_url(re.compile("q=odd"))
    page.reload()
    expect(rows).to_have_count(odd)
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("searchbox").fill("demo")  # other specs have stations here as well
    page.locator("summary", has_text="OCPP").click()
    page.get_by_label(re.compile("^1.6")).check()
    expect(page).to_have_url(re.compile("version=1.6"))
    expect(rows.first).to_be_visible()
    expect(rows.filter(has_not_text=re.compile(r"1\.6"))).to_have_count(0)


def test_a_table_is_sorted_by_its_heads_and_saved_as_csv(console: Console) -> None:
    page = console.open("/stations?q=demo&sort=-id", ready="tbody a")
    ids = console.server.ids("DEMO")
    first = page.locator("tbody tr[data-row] a").first
    expect(first).to_have_text(ids[-1])
    page.get_by_role("button", name="Station", exact=True).click()
    page.get_by_role("button", name="Station", exact=True).click()
    expect(first).to_have_text(ids[0])
    with page.expect_download() as saving:
        page.get_by_role("button", name="CSV").click()
    lines = saving.value.path().read_text(encoding="utf-8").splitlines()
    assert saving.value.suggested_filename == "stations.csv"
    assert len(lines) == 1 + len(ids)
    assert ids[0] in lines[1]


def test_a_station_shows_its_connectors_power_and_commands(console: Console) -> None:
    station = console.server.a_station("2.1")
    page = console.open(f"/stations/{station}", ready=".uplot")
    expect(page.get_by_role("heading", name="EVSE 1")).to_be_visible()
    console.look("station")
    page.get_by_role("button", name="As a table").click()
    expect(
        page.get_by_role("region", name="Power, last hour").locator("tbody tr").first
    ).to_contain_text("kW")


def test_a_transaction_shows_its_meter_values_and_its_ledger(console: Console) -> None:
    one = console.server.wait_for("transactions?limit=1&active=true")
    page = console.open(f"/transactions/{one['id']}", ready=".uplot")
    expect(page.get_by_role("heading", name="Ledger")).to_be_visible()
    expect(page.locator("table.plain tbody tr").first).to_contain_text("Started")
    console.look("transaction")


def test_transactions_lead_to_their_details(console: Console) -> None:
    page = console.open("/transactions", ready="tbody a")
    console.look("transactions")
    page.locator("tbody tr[data-row] a").first.click()
    page.wait_for_selector("text=Ledger")
    expect(page).to_have_url(re.compile(r"/transactions/[0-9a-f-]{36}$"))


def test_an_unknown_address_says_so(console: Console) -> None:
    page = console.open("/nowhere")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
