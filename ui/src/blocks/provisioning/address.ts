// How a variable is named: its component and EVSE, then itself.
import type { Schemas } from "../../lib/api/client";

export type Wanted = Schemas["WantedValue"];
export type Address = Required<Schemas["WantedVariable"]>;

type Named = {
  [K in keyof Address]?: Address[K] | undefined;
} & { name: string };

export function addressOf(row: Named): Address {
  return {
    name: row.name,
    component: row.component ?? null,
    instance: row.instance ?? null,
    component_instance: row.component_instance ?? null,
    evse_id: row.evse_id ?? null,
    connector_id: row.connector_id ?? null,
    attribute: row.attribute ?? "actual",
  };
}

export function whereOf(row: Named): string {
  return [row.component, row.component_instance, row.evse_id && `EVSE ${row.evse_id}`, row.connector_id]
    .filter(Boolean)
    .join(" ");
}

export function nameOf(row: Named): string {
  return row.name + (row.instance ? `[${row.instance}]` : "");
}

/** All of it in one line. */
export function wholeName(row: Named): string {
  const attribute = row.attribute && row.attribute !== "actual" ? ` (${row.attribute})` : "";
  return [whereOf(row), nameOf(row) + attribute].filter(Boolean).join(" · ");
}
