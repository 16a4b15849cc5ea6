// The set-up page. The word of the link stays behind the #: it is in no request line and no log.
"use strict";

const WORDS = {
  en: {
    title: "Set the installation up",
    hint: "You become the first administrator. The link works once.",
    name: "Name",
    password: "Password (at least 12 characters)",
    again: "Password again",
    submit: "Become administrator",
    done: "Done.",
    log_in: "Log in",
    differ: "The two passwords differ.",
    403: "The link is wrong, was used, or is too old. The next start of the program shows a new one.",
    409: "There are users already. Log in instead.",
    429: "Too many attempts. Wait a little.",
    silent: "The server does not answer.",
  },
  de: {
    title: "Die Installation einrichten",
    hint: "Sie werden der erste Administrator. Der Link gilt einmal.",
    name: "Name",
    password: "Passwort (mindestens 12 Zeichen)",
    again: "Passwort noch einmal",
    submit: "Administrator werden",
    done: "Fertig.",
    log_in: "Anmelden",
    differ: "Die beiden Passwörter sind verschieden.",
    403: "Der Link ist falsch, schon benutzt oder zu alt. Der nächste Start des Programms zeigt einen neuen.",
    409: "Es gibt schon Benutzer. Melden Sie sich an.",
    429: "Zu viele Versuche. Warten Sie ein wenig.",
    silent: "Der Server antwortet nicht.",
  },
};
// The console reads both: it goes on in the same language, and asks who has logged in.
const LANGUAGE = "chargeplane.language";
const SESSION = "chargeplane.session";

const $ = (id) => document.getElementById(id);
const word = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
let words = WORDS.en;

function speak(language) {
  words = WORDS[language];
  document.documentElement.lang = language;
  document.title = `${words.title} · chargeplane`;
  for (const each of document.querySelectorAll("[data-word]")) each.textContent = words[each.dataset.word];
  for (const each of document.querySelectorAll("[data-language]"))
    each.setAttribute("aria-pressed", String(each.dataset.language === language));
}

function send(path, body) {
  const headers = { "Content-Type": "application/json" };
  return fetch(`/api/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

/** What is wrong: in words of ours, or what the server says of single fields. */
async function faultOf(answer) {
  const problem = await answer.json();
  const faults = (problem.errors || []).map((each) => `${each.field}: ${each.message}`);
  return words[answer.status] || [problem.detail || problem.title, ...faults].filter(Boolean).join(" ");
}

async function submit(event) {
  event.preventDefault();
  $("fault").textContent = "";
  if ($("password").value !== $("again").value) {
    $("fault").textContent = words.differ;
    return;
  }
  const given = { name: $("name").value, password: $("password").value };
  try {
    const answer = await send("setup", { token: word || "none", ...given });
    if (!answer.ok) {
      $("fault").textContent = await faultOf(answer);
      return;
    }
    $("setup").hidden = true;
    $("done").hidden = false;
    if (!(await send("sessions", { ...given, cookie: true })).ok) return;
    localStorage.setItem(SESSION, "begun");
    location.replace("/");
  } catch {
    $("fault").textContent = words.silent;
  }
}

for (const each of document.querySelectorAll("[data-language]"))
  each.addEventListener("click", () => {
    localStorage.setItem(LANGUAGE, each.dataset.language);
    speak(each.dataset.language);
  });
$("setup").addEventListener("submit", submit);
speak((localStorage.getItem(LANGUAGE) ?? navigator.language).startsWith("de") ? "de" : "en");
