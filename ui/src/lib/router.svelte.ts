// Where we are: the path and the query. What a table shows is in the query, so an address is a view.
const MEMBERS_MAX = 50;

let path = $state(location.pathname);
let query = $state.raw(new URLSearchParams(location.search));

function read(): void {
  path = location.pathname;
  query = new URLSearchParams(location.search);
}

addEventListener("popstate", read);

export const route = {
  get path(): string {
    return path;
  },
  get query(): URLSearchParams {
    return query;
  },
};

export function go(to: string, { replace = false } = {}): void {
  if (to === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  const wasPath = path;
  read();
  if (path !== wasPath) scrollTo(0, 0);
}

/** Change some members of the query and keep the others; null or "" removes one. */
export function setQuery(changes: Record<string, string | null>): void {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  if (next.size > MEMBERS_MAX) return;
  const text = next.toString();
  go(path + (text ? `?${text}` : ""), { replace: true });
}

/** Links inside the console do not load the page anew. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest("a");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (/^\/(api|health|metrics|status|pages|setup)(\/|$)/.test(link.pathname)) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
