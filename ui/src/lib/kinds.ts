// Which shape and colour a state has.
import type { Schemas } from "./api/client";
import { known } from "./i18n.svelte";
import type { Kind } from "./ui/status.svelte";
import { t, words } from "./words";

const CONNECTORS: Record<string, Kind> = {
  available: "good",
  preparing: "busy",
  charging: "busy",
  occupied: "busy",
  suspended_ev: "busy",
  suspended_evse: "warn",
  finishing: "busy",
  reserved: "busy",
  unavailable: "off",
  faulted: "bad",
};

export function connectorKind(status: string): Kind {
  return CONNECTORS[status] ?? "off";
}

export function connectorWord(status: string): string {
  return known(t, words, "status_", status);
}

const SESSIONS: Record<string, Kind> = { active: "busy", ended: "good", repaired: "warn" };

export function sessionKind(state: string): Kind {
  return SESSIONS[state] ?? "off";
}

export function sessionWord(state: string): string {
  return known(t, words, "state_", state);
}

type Station = Schemas["StationView"];

export function connectorsOf(station: Station): Schemas["ConnectorView"][] {
  return station.evses.flatMap((evse) => evse.connectors);
}

/** What a whole station can be, the worst first. The server has the same rule (csms/site/places.py). */
export const STATES = [
  "faulted",
  "disconnected",
  "rejected",
  "pending",
  "unavailable",
  "charging",
  "occupied",
  "available",
];

/** One word for a whole station: the worst that is true of it. */
export function stationState(station: Station): string {
  if (!station.connected) return "disconnected";
  if (station.registration !== "accepted") return station.registration;
  const statuses = connectorsOf(station).map((each) => each.status);
  if (station.status === "faulted" || statuses.includes("faulted")) return "faulted";
  // 2.x has no status that says it, and some stations say none at all.
  if (statuses.includes("charging") || (station.power_w ?? 0) > 0) return "charging";
  const isBusy = statuses.some((each) => connectorKind(each) === "busy");
  if (isBusy) return "occupied";
  const isOut = statuses.length > 0 && statuses.every((each) => each === "unavailable");
  return isOut || station.status === "unavailable" ? "unavailable" : "available";
}

export function stationKind(state: string): Kind {
  if (state === "disconnected") return "off";
  return state === "pending" || state === "rejected" ? "warn" : connectorKind(state);
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}
