// Whether the server tells what happens: the live stream says so, and the top bar shows it.
export type Connection = "connecting" | "live" | "lost";

type Tell = (state: Connection) => void;
const tells = new Set<Tell>();
let known: Connection = "connecting";

/** Whether the server answers. */
export const connection = {
  set(next: Connection): void {
    if (next === known) return;
    known = next;
    for (const tell of tells) tell(next);
  },
  watch(tell: Tell): () => void {
    tells.add(tell);
    tell(known);
    return () => tells.delete(tell);
  },
};
