// The status page. What comes from stations is only ever written as text, never as markup.
"use strict";

const EVERY_MS = 2000;
const SLOWEST_MS = 30000;
const ROWS_MAX = 200;
const KEY = "chargeplane.token";

const $ = (id) => document.getElementById(id);
let failures = 0;
let timer = 0;

function token() {
  return sessionStorage.getItem(KEY);
}

async function ask(path) {
  const headers = { Authorization: `Bearer ${token()}` };
  const answer = await fetch(`/api/v1/${path}`, { headers, cache: "no-store" });
  if (answer.status === 401) {
    sessionStorage.removeItem(KEY);
    show("Not logged in");
    throw new Error("logged out");
  }
  if (answer.status === 404) return { items: [] };
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

function show(state, isBad = false) {
  const inside = Boolean(token());
  $("log-in").hidden = inside;
  $("live").hidden = !inside;
  $("log-out").hidden = !inside;
  $("state").textContent = state;
  $("state").className = isBad ? "bad" : "";
}

function fill(name, items, cells) {
  const rows = items.map((item) => {
    const row = document.createElement("tr");
    for (const [text, kind] of cells(item)) {
      const cell = document.createElement("td");
      cell.textContent = text ?? "";
      cell.title = cell.textContent;
      if (kind) cell.className = kind;
      row.append(cell);
    }
    return row;
  });
  $(name).replaceChildren(...rows);
  $(`${name}-none`).hidden = rows.length > 0;
}

function time(text) {
  return text ? new Date(text).toLocaleTimeString() : "";
}

function count(page, number) {
  return page.next ? `${number}+` : String(number);
}

function station(it) {
  const connectors = (it.evses ?? []).flatMap((evse) => evse.connectors ?? []);
  return [
    [it.name || it.id],
    it.connected ? ["connected", "good"] : ["away", "bad"],
    [[it.ocpp_version, it.transport].filter(Boolean).join(" ")],
    [[it.vendor, it.model].filter(Boolean).join(" ")],
    [connectors.map((each) => each.status).join(", ")],
    [time(it.last_seen_at)],
  ];
}

function transaction(it) {
  const energy = it.energy_wh === null || it.energy_wh === undefined ? null : Number(it.energy_wh);
  return [
    [it.station_id],
    [it.evse_id],
    [it.id_token],
    [it.state, it.state === "active" ? "good" : ""],
    [time(it.started_at)],
    [energy === null ? "" : `${(energy / 1000).toFixed(3)} kWh`, "number"],
  ];
}

async function refresh() {
  const [stations, active, recent] = await Promise.all([
    ask(`stations?limit=${ROWS_MAX}`),
    ask(`transactions?active=true&limit=${ROWS_MAX}`),
    ask("transactions?active=false&limit=20"),
  ]);
  $("known").textContent = count(stations, stations.items.length);
  $("connected").textContent = count(stations, stations.items.filter((it) => it.connected).length);
  $("charging").textContent = count(active, active.items.length);
  fill("stations", stations.items, station);
  fill("transactions", [...active.items, ...recent.items], transaction);
  show(`Live, ${new Date().toLocaleTimeString()}`);
}

async function turn() {
  clearTimeout(timer);
  if (!token() || document.hidden) return;
  try {
    await refresh();
    failures = 0;
  } catch (error) {
    failures += 1;
    if (token()) show(`No answer (${error.message}); trying again`, true);
  }
  timer = setTimeout(turn, Math.min(EVERY_MS * 2 ** failures, SLOWEST_MS));
}

async function logIn(event) {
  event.preventDefault();
  $("log-in-fault").textContent = "";
  try {
    const answer = await fetch("/api/v1/sessions", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name: $("name").value, password: $("password").value }),
    });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail || body.title);
    sessionStorage.setItem(KEY, body.token);
    $("password").value = "";
    show("Logged in");
    await turn();
  } catch (error) {
    $("log-in-fault").textContent = error.message;
  }
}

function logOut() {
  sessionStorage.removeItem(KEY);
  show("Not logged in");
}

$("log-in").addEventListener("submit", logIn);
$("log-out").addEventListener("click", logOut);
document.addEventListener("visibilitychange", turn);
show(token() ? "Loading" : "Not logged in");
turn();
