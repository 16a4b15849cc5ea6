// Live views: a screen names a view and gets its state again whenever that has changed.
//
// Until the server has its stream, a view is asked for over and over; only this file knows.
import { call, pages, type Schemas } from "./api/client";
import { Problem } from "./api/problem";

interface Views {
  overview: { parameters: Record<string, never>; state: Schemas["OverviewView"] };
  stations: {
    parameters: Record<string, never>;
    state: { items: Schemas["StationView"][]; isWhole: boolean };
  };
  station: { parameters: { id: string }; state: Schemas["StationView"] };
  transactions: {
    parameters: { active?: boolean; station_id?: string; items_max?: number };
    state: { items: Schemas["TransactionView"][]; isWhole: boolean };
  };
  transaction: { parameters: { id: string }; state: Schemas["TransactionView"] };
  frames: { parameters: { id: string }; state: Schemas["FrameView"][] };
}
export type View = keyof Views;
export type ParametersOf<V extends View> = Views[V]["parameters"];
export type StateOf<V extends View> = Views[V]["state"];

const EVERY_MS: Record<View, number> = {
  overview: 3000,
  stations: 3000,
  station: 2000,
  transactions: 3000,
  transaction: 2500,
  frames: 2000,
};
const SLOWEST_MS = 30_000;
const PAGE_ITEMS = 1000;
const STATIONS_MAX = 10_000;
const FRAMES_MAX = 300;

const LOADERS: { [V in View]: (parameters: ParametersOf<V>) => Promise<StateOf<V>> } = {
  overview: () => call("get", "/api/v1/overview", {}),
  stations: () =>
    pages(
      (cursor) => call("get", "/api/v1/stations", { query: { limit: PAGE_ITEMS, cursor } }),
      STATIONS_MAX,
    ),
  station: ({ id }) => call("get", "/api/v1/stations/{station_id}", { path: { station_id: id } }),
  transactions: ({ active, station_id, items_max = PAGE_ITEMS }) =>
    pages(
      (cursor) =>
        call("get", "/api/v1/transactions", {
          query: { limit: Math.min(items_max, PAGE_ITEMS), cursor, active, station_id },
        }),
      items_max,
    ),
  transaction: ({ id }) =>
    call("get", "/api/v1/transactions/{transaction_id}", { path: { transaction_id: id } }),
  frames: async ({ id }) =>
    (
      await call("get", "/api/v1/stations/{station_id}/frames", {
        path: { station_id: id },
        query: { limit: FRAMES_MAX },
      })
    ).items,
};

export interface Listener<S> {
  state(state: S): void;
  problem(problem: Problem): void;
}

/** Watch a view until the returned function is called. */
export function subscribe<V extends View>(
  view: V,
  parameters: ParametersOf<V>,
  listener: Listener<StateOf<V>>,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let hasEnded = false;
  let last = "";

  async function turn(): Promise<void> {
    clearTimeout(timer);
    if (hasEnded || document.hidden) return;
    try {
      const state = await LOADERS[view](parameters);
      if (hasEnded) return;
      failures = 0;
      const text = JSON.stringify(state);
      if (text !== last) listener.state(state);
      last = text;
    } catch (error) {
      if (hasEnded) return;
      if (!(error instanceof Problem)) throw error;
      failures += 1;
      last = "";
      listener.problem(error);
      if (error.status === 401 || error.status === 403) return;
    }
    timer = setTimeout(turn, Math.min(EVERY_MS[view] * 2 ** failures, SLOWEST_MS));
  }

  document.addEventListener("visibilitychange", turn);
  addEventListener("online", turn);
  wakers.add(turn);
  void turn();
  return () => {
    hasEnded = true;
    clearTimeout(timer);
    wakers.delete(turn);
    document.removeEventListener("visibilitychange", turn);
    removeEventListener("online", turn);
  };
}

const wakers = new Set<() => void>();

/** After an action: show what came of it now, not at the next turn. */
export function refresh(): void {
  for (const turn of wakers) turn();
}
