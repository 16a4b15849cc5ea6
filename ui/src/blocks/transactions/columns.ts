import type { Schemas } from "../../lib/api/client";
import { known } from "../../lib/i18n.svelte";
import { t, words } from "./words";

export type Transaction = Schemas["TransactionView"];

export function remarkWord(kind: string): string {
  return known(t, words, "remark_", kind);
}

export function periodOf(row: Transaction): string {
  const started = new Date(row.started_at);
  const today = new Date();
  if (started.toDateString() === today.toDateString()) return "today";
  return today.getTime() - started.getTime() < 7 * 86_400_000 ? "week" : "older";
}

export function seconds(row: Transaction): number {
  return ((row.ended_at ? Date.parse(row.ended_at) : Date.now()) - Date.parse(row.started_at)) / 1000;
}
