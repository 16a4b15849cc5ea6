// What may become of a reservation: its words, shapes and order.
import type { Schemas } from "../../lib/api/client";
import { known } from "../../lib/i18n.svelte";
import type { Kind } from "../../lib/ui/status.svelte";
import { t, words } from "./words";

export type Reservation = Schemas["ReservationView"];

const KINDS: Record<Reservation["state"], Kind> = {
  held: "busy",
  requested: "warn",
  used: "good",
  expired: "off",
  cancelled: "off",
  no_transaction: "warn",
  removed: "bad",
  refused: "bad",
};
export const STATES = Object.keys(KINDS) as Reservation["state"][];

export function stateKind(state: string): Kind {
  return KINDS[state as "held"] ?? "off";
}

export function stateWord(state: string): string {
  return known(t, words, "state_", state);
}

export function isOpen(reservation: Reservation): boolean {
  return reservation.state === "held" || reservation.state === "requested";
}

/** What is kept free: an EVSE, one with a type of connector, or any. */
export function placeWord({ evse_id, connector_type }: Reservation): string {
  if (evse_id !== null) return t("evse", { id: evse_id });
  return connector_type ?? t("any_evse");
}

/** A moment as a field for times has it: in the time of whoever looks. */
export function local(when: Date): string {
  return new Date(when.getTime() - when.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
