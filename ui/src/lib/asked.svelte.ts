// What an address asks for besides a view.
import { route, setQuery } from "./router.svelte";

/** Opens the form of a new thing when the address says `?new=1`, once. */
export function whenAsked(open: () => void): void {
  $effect(() => {
    if (!route.query.has("new")) return;
    setQuery({ new: null });
    open();
  });
}
