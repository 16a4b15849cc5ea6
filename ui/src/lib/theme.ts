// Light, dark, or as the system is. The choice of the user is kept and wins.
export type Theme = "system" | "light" | "dark";

const KEY = "chargeplane.theme";
const listeners = new Set<() => void>();

export function theme(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

export function setTheme(next: Theme): void {
  if (next === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  applyTheme();
}

export function applyTheme(): void {
  document.documentElement.dataset.theme = theme();
  for (const tell of listeners) tell();
}

/** Called when colours change; charts draw themselves again. Returns how to stop. */
export function onTheme(tell: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  listeners.add(tell);
  system.addEventListener("change", tell);
  return () => {
    listeners.delete(tell);
    system.removeEventListener("change", tell);
  };
}

/** A token's colour as it is now, for a canvas. */
export function colour(name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
