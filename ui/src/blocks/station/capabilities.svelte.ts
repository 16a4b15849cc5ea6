// What a station can be asked for, as the server knows it.
import { call, type Schemas } from "../../lib/api/client";
import { load } from "../../lib/watch.svelte";
import { t } from "./words";

export interface Capabilities {
  /** Why a command cannot be sent; "" if nothing speaks against it. */
  lack(command: string): string;
}

export function capabilities(station: () => Schemas["StationView"]): Capabilities {
  const id = $derived(station().id);
  const version = $derived(station().ocpp_version);
  const booted = $derived(station().booted_at);
  const can = load(async () => {
    // It changes with its version and with what it reports after a boot, not with every status.
    void version;
    void booted;
    const path = { station_id: id };
    const { items } = await call("get", "/api/v1/stations/{station_id}/capabilities", { path });
    return new Map(items.map((each) => [each.name, each]));
  });
  return {
    lack(command) {
      const known = can.value?.get(command);
      if (!known || known.supported) return "";
      return known.lack === "version" ? t("lacks", { version: version ?? "" }) : t("lacks_feature");
    },
  };
}
