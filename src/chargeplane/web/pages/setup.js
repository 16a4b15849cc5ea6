// The set-up page. The word of the link stays behind the #: it is in no request line and no log.
"use strict";

const $ = (id) => document.getElementById(id);
const word = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

$("setup").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("fault").textContent = "";
  if ($("password").value !== $("again").value) {
    $("fault").textContent = "The two passwords differ.";
    return;
  }
  const body = { token: word || "none", name: $("name").value, password: $("password").value };
  try {
    const answer = await fetch("/api/v1/setup", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (answer.ok) {
      $("setup").hidden = true;
      $("done").hidden = false;
      return;
    }
    const problem = await answer.json();
    const faults = (problem.errors || []).map((each) => `${each.field}: ${each.message}`);
    $("fault").textContent = [problem.detail || problem.title, ...faults].filter(Boolean).join(" ");
  } catch {
    $("fault").textContent = "The server does not answer.";
  }
});
