// The screens of the main menu that somebody may open, and that are of use here.
import { call } from "../lib/api/client";
import { session } from "../lib/api/session.svelte";
import { load } from "../lib/watch.svelte";
import { type Entry, isOpen, MENU } from "./screens";

/** Some screens are of use only where the program announces what they are about. */
export function offered(): { readonly entries: Entry[] } {
  const announced = load(async () =>
    session.mayOperate ? (await call("get", "/api/v1/addresses", {})).items.map((each) => each.name) : [],
  );
  const isThere = ({ needs }: Entry) => !needs || announced.value?.includes(needs);
  const entries = $derived(MENU.filter((each) => isOpen(each) && isThere(each)));
  return {
    get entries() {
      return entries;
    },
  };
}
