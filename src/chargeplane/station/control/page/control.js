"use strict";

const FRAMES_MAX = 200;
const REFRESH_MS = 1000;
const cards = new Map();
const byId = (id) => document.getElementById(id);
const SILENT = "The simulation does not answer.";
const told = (text, isBad = false) => {
  byId("told").textContent = text;
  byId("told").classList.toggle("bad", isBad);
};
const kilo = (value, unit) =>
  `${(value / 1000).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} k${unit}`;

async function act(station, deed, body) {
  const answer = await fetch(`/api/stations/${encodeURIComponent(station)}/${deed}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const found = await answer.json();
  told(answer.ok ? `${station}: ${deed} done` : `${station}: ${found.detail}`, !answer.ok);
  if (answer.ok) show(found);
}

function fill(select, words) {
  select.replaceChildren(...words.map((word) => new Option(word, word)));
}

function say(line, word, rest) {
  const strong = document.createElement("span");
  strong.className = "word";
  strong.textContent = word;
  line.replaceChildren(strong, rest.map((each) => ` · ${each}`).join(""));
}

function make(station, faults, quirks) {
  const card = byId("card").content.firstElementChild.cloneNode(true);
  const version = document.createElement("span");
  version.className = "version";
  version.textContent = `OCPP ${station.version}`;
  card.querySelector("h2").append(`${station.id} `, version);
  fill(card.querySelector("[name=fault]"), faults);
  fill(card.querySelector("[name=evse]"), station.evses.map((evse) => evse.id));
  fill(card.querySelector("[name=quirk]"), quirks);
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
    act(station.id, "fault", { fault: event.target.fault.value, evse: Number(event.target.evse.value) });
  });
  card.querySelector(".odd").addEventListener("submit", (event) => {
    event.preventDefault();
    const names = new Set([...card.quirks, event.target.quirk.value]);
    act(station.id, "quirks", { quirks: [...names] });
  });
  card.querySelector(".odd").addEventListener("reset", () => act(station.id, "quirks", { quirks: [] }));
  card.querySelector("[data-deed=restart]").addEventListener("click", () => act(station.id, "restart", {}));
  byId("only").append(new Option(station.id, station.id));
  byId("stations").append(card);
  cards.set(station.id, card);
}

function show(station) {
  const card = cards.get(station.id);
  card.classList.toggle("offline", !station.online);
  card.quirks = station.quirks;
  const facts = station.online ? [] : [station.why_offline];
  if (station.waiting) facts.push(`${station.waiting} messages waiting`);
  say(card.querySelector(":scope > .state"), station.online ? "online" : "offline", [...facts, ...station.quirks]);
  for (const evse of station.evses) {
    const box = card.querySelector(`[data-evse="${evse.id}"]`);
    const words = [kilo(evse.power_w, "W"), kilo(evse.register_wh, "Wh")];
    if (evse.soc !== null) words.push(`${Math.round(evse.soc * 100)} %`);
    if (evse.token) words.push(evse.token);
    box.classList.toggle("broken", evse.fault !== "");
    say(box.querySelector(".state"), evse.fault || evse.status, words);
    box.querySelector("[data-deed=plug]").disabled = evse.plugged;
    box.querySelector("[data-deed=unplug]").disabled = !evse.plugged;
  }
}

async function refresh() {
  try {
    const found = await (await fetch("/api/stations")).json();
    for (const station of found.items) {
      if (!cards.has(station.id)) make(station, found.faults, found.quirks_of[station.version]);
      show(station);
    }
    if (byId("told").textContent === SILENT) told("");
  } catch {
    told(SILENT, true);
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
    const head = document.createElement("b");
    head.textContent = `${new Date().toLocaleTimeString("en-GB")} ${frame.station} ${frame.way} `;
    line.append(head, frame.text);
    const list = byId("frames");
    list.prepend(line);
    while (list.children.length > FRAMES_MAX) list.lastElementChild.remove();
  });
  socket.addEventListener("close", () => setTimeout(watch, REFRESH_MS));
}

refresh();
watch();
