// Live views: a screen names a view and gets its state again whenever that has changed.
//
// One WebSocket, GET /api/v1/stream, carries them all. A lost connection is made again, and each
// view gets a new snapshot then; until that comes, what was shown stays.
import type { Schemas } from "./api/client";
import { Problem } from "./api/problem";
import { session } from "./api/session.svelte";
import { connection } from "./connection";
import { applied, type Op, type Page } from "./patch";

interface PageParameters {
  limit?: number;
  cursor?: string;
}
export interface StationsParameters extends PageParameters {
  search?: string;
  status?: string;
  version?: string;
  connected?: boolean;
  registration?: string;
  site_id?: string;
  sort?: string;
  facets?: boolean;
}
export interface FramesParameters extends PageParameters {
  id: string;
  search?: string;
  action?: string;
  direction?: string;
  message_id?: string;
}
export interface TransactionsParameters extends PageParameters {
  search?: string;
  active?: boolean;
  state?: string;
  remarks?: boolean;
  station_id?: string;
  id_token?: string;
  from?: string;
  to?: string;
  sort?: string;
  count?: boolean;
}
export interface ReservationsParameters extends PageParameters {
  search?: string;
  open?: boolean;
  state?: string;
  station_id?: string;
  id_token?: string;
  from?: string;
  to?: string;
  sort?: string;
  count?: boolean;
}
export interface PlacesParameters {
  search?: string;
  status?: string;
  version?: string;
  connected?: boolean;
  registration?: string;
  site_id?: string;
}
interface Views {
  overview: { parameters: Record<string, never>; state: Schemas["OverviewView"] };
  stations: { parameters: StationsParameters; state: Schemas["StationPage"] };
  station: { parameters: { id: string }; state: Schemas["StationView"] };
  places: { parameters: PlacesParameters; state: Schemas["PlacePage"] };
  transactions: {
    parameters: TransactionsParameters;
    state: Schemas["TransactionPage"];
  };
  reservations: {
    parameters: ReservationsParameters;
    state: Schemas["ReservationPage"];
  };
  reservation: { parameters: { id: string }; state: Schemas["ReservationView"] };
  power: { parameters: { id: string }; state: Schemas["PowerView"] };
  "unknown-stations": { parameters: PageParameters; state: Page<Schemas["StrangerView"]> };
  transaction: { parameters: { id: string }; state: Schemas["TransactionView"] };
  frames: { parameters: FramesParameters; state: Page<Schemas["FrameView"]> };
}
export type View = keyof Views;
export type ParametersOf<V extends View> = Views[V]["parameters"];
export type StateOf<V extends View> = Views[V]["state"];

export interface Listener<S> {
  state(state: S): void;
  problem(problem: Problem): void;
}

interface Subscription {
  view: View;
  parameters: unknown;
  listener: Listener<never>;
  state: unknown;
  version: number;
  /** Told of a problem: it is asked for again when somebody wants that. */
  hasEnded: boolean;
}

interface Message {
  id?: string | null;
  snapshot?: unknown;
  patch?: Op[];
  version?: number;
  problem?: { type?: string; title?: string; status?: number; detail?: string };
}

const PATH = "/api/v1/stream";
const SUBPROTOCOL = "chargeplane.v1";
const RETRY_MS = 500;
const RETRY_MS_MAX = 15_000;
const SILENCE_MS_MAX = 45_000;
const UNAUTHENTICATED = 4401;

const subscriptions = new Map<string, Subscription>();
let socket: WebSocket | null = null;
let isWanted = false;
let failures = 0;
let count = 0;
let silence: ReturnType<typeof setTimeout> | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;

/** Keep a connection until the returned function is called: as long as somebody is logged in. */
export function live(): () => void {
  isWanted = true;
  connection.set("connecting");
  connect();
  addEventListener("online", again);
  return () => {
    isWanted = false;
    removeEventListener("online", again);
    clearTimeout(retry);
    drop();
    failures = 0;
  };
}

/** Watch a view until the returned function is called. */
export function subscribe<V extends View>(
  view: V,
  parameters: ParametersOf<V>,
  listener: Listener<StateOf<V>>,
): () => void {
  const name = String(++count);
  const one: Subscription = { view, parameters, listener, state: null, version: 0, hasEnded: false };
  subscriptions.set(name, one);
  ask(name, one);
  return () => {
    subscriptions.delete(name);
    if (!one.hasEnded) say({ unsubscribe: name });
  };
}

/** After a problem: connect now, and ask again for what has ended. */
export function refresh(): void {
  again();
  for (const [name, one] of subscriptions) {
    if (!one.hasEnded) continue;
    one.hasEnded = false;
    ask(name, one);
  }
}

function again(): void {
  if (!isWanted || socket) return;
  failures = 0;
  clearTimeout(retry);
  connect();
}

function connect(): void {
  const mine = new WebSocket(PATH, SUBPROTOCOL);
  socket = mine;
  mine.onopen = () => {
    connection.set("live");
    for (const [name, one] of subscriptions) {
      one.hasEnded = false;
      ask(name, one);
    }
    heard();
  };
  mine.onmessage = (event: MessageEvent<string>) => {
    failures = 0;
    heard();
    take(JSON.parse(event.data) as Message);
  };
  mine.onclose = (event) => {
    if (mine !== socket) return;
    drop();
    connection.set("lost");
    if (event.code === UNAUTHENTICATED) session.end(true);
    else wait();
  };
}

/** Lets go of the socket, so that nothing it still says counts. */
function drop(): void {
  clearTimeout(silence);
  const old = socket;
  socket = null;
  if (!old) return;
  old.onopen = old.onmessage = old.onclose = null;
  old.close();
}

function wait(): void {
  if (!isWanted) return;
  // Not all consoles at once, when a server comes back.
  const after = Math.min(RETRY_MS * 2 ** failures, RETRY_MS_MAX) * (0.5 + Math.random());
  failures += 1;
  clearTimeout(retry);
  retry = setTimeout(() => {
    if (isWanted && !socket) connect();
  }, after);
}

function heard(): void {
  clearTimeout(silence);
  silence = setTimeout(() => {
    drop();
    connection.set("lost");
    wait();
  }, SILENCE_MS_MAX);
}

function say(message: unknown): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function ask(name: string, one: Subscription): void {
  say({ subscribe: name, view: one.view, parameters: one.parameters });
}

function take({ id, snapshot, patch, version = 0, problem }: Message): void {
  const one = subscriptions.get(id ?? "");
  if (!one) return;
  if (problem) {
    const kind = problem.type?.split(":").at(-1) ?? "";
    one.hasEnded = true;
    one.listener.problem(
      new Problem(problem.status ?? 0, kind, problem.title ?? "", problem.detail ?? "", [], ""),
    );
    return;
  }
  if (snapshot !== undefined) one.state = snapshot;
  else if (patch && version === one.version + 1) one.state = applied(one.state, patch);
  else {
    // One was missed: what comes now cannot be trusted.
    say({ unsubscribe: id });
    ask(id as string, one);
    return;
  }
  one.version = version;
  one.listener.state(one.state as never);
}
