import type { Schemas } from "../../lib/api/client";
import { known } from "../../lib/i18n.svelte";
import { t, words } from "./words";

export type Transaction = Schemas["TransactionView"];

export function remarkWord(kind: string): string {
  return known(t, words, "remark_", kind);
}

export function seconds(row: Transaction): number {
  return ((row.ended_at ? Date.parse(row.ended_at) : Date.now()) - Date.parse(row.started_at)) / 1000;
}
