"use strict";

const FRAMES_MAX = 200;
const REFRESH_MS = 1000;
const cards = new Map();
const byId = (id) => document.getElementById(id);
const told = (text) => { byId("told").textContent = text; };

async function act(station, deed, body) {
  const answer = await fetch(`/api/stations/${encodeURIComponent(station)}/${deed}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const found = await answer.json();
  told(answer.ok ? `${station}: ${deed} done` : `${station}: ${found.detail}`);
  if (answer.ok) show(found);
}

function fill(select, words, first) {
  const all = first === undefined ? words : [first, ...words];
  select.replaceChildren(...all.map((word) => new Option(word, word)));
}

function make(station, faults, quirks) {
  const card = byId("card").content.firstElementChild.cloneNode(true);
  card.querySelector("h2").textContent = `${station.id} (OCPP ${station.version})`;
  fill(card.querySelector("[name=fault]"), faults);
  fill(card.querySelector("[name=quirk]"), quirks, "none");
  for (const evse of station.evses) {
    const box = byId("evse").content.firstElementChild.cloneNode(true);
    box.dataset.evse = evse.id;
    box.querySelector("legend").textContent = `EVSE ${evse.id}`;
    box.addEventListener("click", (event) => {
      const deed = event.target.dataset.deed;
      const token = box.querySelector("[name=token]").value;
      if (deed) act(station.id, deed, { evse: evse.id, token });
    });
    card.querySelector(".evses").append(box);
  }
  card.querySelector(".break").addEventListener("submit", (event) => {
    event.preventDefault();
    act(station.id, "fault", { fault: event.target.fault.value });
  });
  card.querySelector(".odd").addEventListener("submit", (event) => {
    event.preventDefault();
    const quirk = event.target.quirk.value;
    act(station.id, "quirks", { quirks: quirk === "none" ? [] : [quirk] });
  });
  card.querySelector("[data-deed=restart]").addEventListener("click", () => act(station.id, "restart", {}));
  byId("only").append(new Option(station.id, station.id));
  byId("stations").append(card);
  cards.set(station.id, card);
}

function show(station) {
  const card = cards.get(station.id);
  card.classList.toggle("offline", !station.online);
  const state = station.online ? "online" : `offline: ${station.why_offline}`;
  const odd = station.quirks.length ? `, ${station.quirks.join(", ")}` : "";
  card.querySelector(":scope > .state").textContent = `${state}, ${station.waiting} waiting${odd}`;
  for (const evse of station.evses) {
    const box = card.querySelector(`[data-evse="${evse.id}"]`);
    const words = [evse.fault || evse.status, `${evse.power_w} W`, `${evse.register_wh} Wh`];
    if (evse.soc !== null) words.push(`${Math.round(evse.soc * 100)} %`);
    if (evse.token) words.push(evse.token);
    box.querySelector(".state").textContent = words.join(" · ");
    box.querySelector("[data-deed=plug]").disabled = evse.plugged;
    box.querySelector("[data-deed=unplug]").disabled = !evse.plugged;
  }
}

async function refresh() {
  try {
    const found = await (await fetch("/api/stations")).json();
    for (const station of found.items) {
      if (!cards.has(station.id)) make(station, found.faults, found.quirks);
      show(station);
    }
  } catch {
    told("The simulation does not answer.");
  }
  setTimeout(refresh, REFRESH_MS);
}

function watch() {
  const socket = new WebSocket(`ws://${location.host}/api/frames`);
  socket.addEventListener("message", (event) => {
    const frame = JSON.parse(event.data);
    const only = byId("only").value;
    if (only && only !== frame.station) return;
    const line = document.createElement("li");
    line.textContent = `${frame.station} ${frame.way === "sent" ? "→" : "←"} ${frame.text}`;
    const list = byId("frames");
    list.prepend(line);
    while (list.children.length > FRAMES_MAX) list.lastElementChild.remove();
  });
  socket.addEventListener("close", () => setTimeout(watch, REFRESH_MS));
}

refresh();
watch();
