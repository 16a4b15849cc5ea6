// What an address asks for besides a view.
import { route, setQuery } from "./router.svelte";

/** Opens the form of a new thing when the address says `?new=1`, once. */
export function whenAsked(open: () => void): void {
  // A screen that is about to go sees the address of the next one.
  const mine = route.path;
  $effect(() => {
    if (!route.query.has("new") || route.path !== mine) return;
    setQuery({ new: null });
    open();
  });
}
