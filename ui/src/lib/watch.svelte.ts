// A live view or a single request as the state of a component.
import type { Problem } from "./api/problem";
import { problemOf } from "./api/problem";
import { type ParametersOf, type StateOf, subscribe, type View } from "./live";

export interface Shown<T> {
  readonly value: T | null;
  readonly problem: Problem | null;
}

/** Watches a view while the component is there; the parameters may change. */
export function watch<V extends View>(
  view: V,
  parameters: () => ParametersOf<V> | null,
  /** Show the old state until the new one is there: for what is typed. */
  { keep = false } = {},
): Shown<StateOf<V>> {
  let value = $state.raw<StateOf<V> | null>(null);
  let problem = $state.raw<Problem | null>(null);
  const text = $derived(JSON.stringify(parameters()));

  $effect(() => {
    if (!keep) value = null;
    problem = null;
    const wanted = JSON.parse(text) as ParametersOf<V> | null;
    if (wanted === null) return;
    return subscribe(view, wanted, {
      state(next) {
        value = next;
        problem = null;
      },
      problem(next) {
        problem = next;
      },
    });
  });
  return {
    get value() {
      return value;
    },
    get problem() {
      return problem;
    },
  };
}

export interface Loaded<T> extends Shown<T> {
  reload(): Promise<void>;
}

/** Loads something once, and again when what the loader reads has changed. */
export function load<T>(loader: () => Promise<T>): Loaded<T> {
  let value = $state.raw<T | null>(null);
  let problem = $state.raw<Problem | null>(null);
  let latest = 0;

  async function reload(): Promise<void> {
    const mine = ++latest;
    try {
      const found = await loader();
      if (mine !== latest) return;
      value = found;
      problem = null;
    } catch (error) {
      if (mine === latest) problem = problemOf(error);
    }
  }

  $effect(() => {
    void reload();
    return () => {
      latest += 1;
    };
  });
  return {
    get value() {
      return value;
    },
    get problem() {
      return problem;
    },
    reload,
  };
}
