// Patches of the live stream, as docs/reference/stream.md has them, applied to a state.
export interface Page<T> {
  items: T[];
  next: string | null;
}

export type Op =
  | { op: "put"; key: string; value: { id: string } }
  | { op: "remove"; key: string }
  | { op: "set"; path: string; value: unknown };

type Tree = { [name: string]: unknown };

/** The state after a patch. What has not changed is the same object as before. */
export function applied(state: unknown, ops: readonly Op[]): unknown {
  let next = { ...(state as Tree) };
  const items = next.items as { id: string }[] | undefined;
  const rows = new Map((items ?? []).map((row) => [row.id, row]));
  for (const each of ops) {
    if (each.op === "put") rows.set(each.key, each.value);
    else if (each.op === "remove") rows.delete(each.key);
    else if (each.path === "order" && items) sort(rows, each.value as string[]);
    else next = set(next, each.path.split("."), each.value);
  }
  if (items) next.items = [...rows.values()];
  return next;
}

function sort(rows: Map<string, { id: string }>, keys: readonly string[]): void {
  const found = keys.flatMap((key) => rows.get(key) ?? []);
  rows.clear();
  for (const row of found) rows.set(row.id, row);
}

function set(tree: Tree, [name = "", ...rest]: string[], value: unknown): Tree {
  return { ...tree, [name]: rest.length ? set((tree[name] ?? {}) as Tree, rest, value) : value };
}
