// Calls of the REST interface, typed by its own description.
import type { components, paths } from "../../generated/schema";
import { again } from "./again.svelte";
import { Problem } from "./problem";
import { session } from "./session.svelte";

export type Schemas = components["schemas"];
type Method = "get" | "post" | "patch" | "put" | "delete";
type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][M]>;
// In brackets, so that TypeScript does not multiply the options of all operations with each other.
type PathOf<O> = [O] extends [{ parameters: { path: infer T } }] ? { path: T } : { path?: undefined };
type QueryOf<O> = [O] extends [{ parameters: { query?: infer T } }] ? { query?: T } : { query?: undefined };
type BodyOf<O> = [O] extends [{ requestBody?: { content: { "application/json": infer T } } }]
  ? { body?: T }
  : unknown;
type Json<R> = R extends { content: { "application/json": infer T } } ? T : undefined;
type AnswerOf<O> = O extends { responses: infer R }
  ? Json<R extends { 200: infer T } ? T : R extends { 201: infer T } ? T : undefined>
  : never;
type With<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends undefined ? never : P;
}[keyof paths] &
  `/api/v1/${string}`;
type Options<O> = PathOf<O> & QueryOf<O> & BodyOf<O> & { signal?: AbortSignal };

/** A request that can be sent, and shown as the command that does the same. */
export interface Wish {
  method: string;
  address: string;
  body?: unknown;
}

export function wish<M extends Method, P extends With<M>>(
  method: M,
  path: P,
  options: Options<Operation<P, M>>,
): Wish {
  const {
    path: names,
    query,
    body,
  } = options as {
    path?: Record<string, unknown>;
    query?: Record<string, unknown>;
    body?: unknown;
  };
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(names?.[name])));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const address = search.size ? `${filled}?${search}` : filled;
  return body === undefined
    ? { method: method.toUpperCase(), address }
    : { method: method.toUpperCase(), address, body };
}

/** Sends a request. Every POST has a key, so a repetition after a lost answer does nothing twice. */
export async function call<M extends Method, P extends With<M>>(
  method: M,
  path: P,
  options: Options<Operation<P, M>>,
): Promise<AnswerOf<Operation<P, M>>> {
  return (await send(wish(method, path, options), options.signal)) as AnswerOf<Operation<P, M>>;
}

export async function send(wish: Wish, signal?: AbortSignal): Promise<unknown> {
  try {
    return await sent(wish, signal);
  } catch (error) {
    if (!(error instanceof Problem) || error.kind !== "recent-log-in-needed") throw error;
    if (!(await again.need())) throw error;
    return await sent(wish, signal);
  }
}

async function sent({ method, address, body }: Wish, signal?: AbortSignal): Promise<unknown> {
  const headers: Record<string, string> = { Accept: "application/json" };
  const csrf = session.csrf;
  if (csrf && method !== "GET") headers["X-CSRF-Token"] = csrf;
  const isFile = body instanceof Blob;
  if (body !== undefined) headers["Content-Type"] = isFile ? "application/octet-stream" : "application/json";
  if (method === "POST")
    headers["Idempotency-Key"] = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  const request: RequestInit = { method, headers, cache: "no-store", credentials: "same-origin" };
  if (body !== undefined) request.body = isFile ? body : JSON.stringify(body);
  if (signal) request.signal = signal;
  const answer = await asked(address, request);
  if (answer.ok) return answer.status === 204 ? undefined : await answer.json();
  const problem = await Problem.of(answer);
  // Only the session that was refused is dropped: somebody may have logged in since, or fails to.
  const isLogIn = method === "POST" && address.startsWith("/api/v1/sessions");
  if (problem.status === 401 && !isLogIn && csrf === session.csrf) session.end(true);
  throw problem;
}

async function asked(address: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(address, request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw Problem.unreachable();
  }
}

/** The same request for a terminal. The token stays out of it: `$CHARGEPLANE_TOKEN` stands for it. */
export function curl({ method, address, body }: Wish): string {
  const words = ["curl"];
  if (method !== "GET") words.push("-X", method);
  words.push(quoted(location.origin + address), "-H", '"Authorization: Bearer $CHARGEPLANE_TOKEN"');
  if (body !== undefined)
    words.push("-H", quoted("Content-Type: application/json"), "-d", quoted(JSON.stringify(body)));
  return words.join(" ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** All pages of a list up to a bound; `isWhole` tells whether that was everything. */
export async function pages<T>(
  load: (cursor: string | undefined) => Promise<Page<T>>,
  itemsMax: number,
): Promise<{ items: T[]; isWhole: boolean }> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await load(cursor);
    items.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor && items.length < itemsMax);
  return { items, isWhole: !cursor };
}
