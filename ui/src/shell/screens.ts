// Which screen an address shows. Each block is a chunk of its own, loaded when it is first seen.
import type { Component } from "svelte";
import { session } from "../lib/api/session.svelte";
import type { IconName } from "../lib/ui/icon.svelte";
import type { words } from "../lib/words";

type Screen = { default: Component<Record<string, string>> };
type Title = keyof typeof words;

const FILES = import.meta.glob<Screen>("../blocks/*/*screen.svelte");

interface Place {
  pattern: RegExp;
  file: string;
  title: Title;
}

const PLACES: Place[] = [
  { pattern: /^\/$/, file: "overview/screen", title: "overview" },
  { pattern: /^\/stations$/, file: "stations/screen", title: "stations" },
  { pattern: /^\/stations\/(?<id>[^/]+)(?:\/(?<tab>\w+))?$/, file: "station/screen", title: "stations" },
  { pattern: /^\/transactions$/, file: "transactions/screen", title: "transactions" },
  { pattern: /^\/transactions\/(?<id>[^/]+)$/, file: "transactions/one-screen", title: "transactions" },
  { pattern: /^\/reservations$/, file: "reservations/screen", title: "reservations" },
  { pattern: /^\/reservations\/(?<id>[^/]+)$/, file: "reservations/one-screen", title: "reservations" },
  { pattern: /^\/id-tokens$/, file: "authorization/screen", title: "id_tokens" },
  { pattern: /^\/users$/, file: "access/users-screen", title: "users" },
  { pattern: /^\/firmware$/, file: "firmware/screen", title: "firmware" },
  { pattern: /^\/security$/, file: "security/screen", title: "security" },
  { pattern: /^\/simulator$/, file: "simulator/screen", title: "simulator" },
  { pattern: /^\/sites$/, file: "sites/screen", title: "sites" },
  { pattern: /^\/sites\/(?<id>[^/]+)$/, file: "sites/one-screen", title: "sites" },
  { pattern: /^\/templates$/, file: "provisioning/templates-screen", title: "wanted_values" },
  { pattern: /^\/audit-log$/, file: "audit/screen", title: "audit_log" },
  { pattern: /^\/settings$/, file: "program/settings-screen", title: "settings" },
  { pattern: /^\/tenants$/, file: "access/tenants-screen", title: "tenants" },
  { pattern: /^\/account$/, file: "account/screen", title: "my_account" },
  { pattern: /^\/api-tokens$/, file: "access/tokens-screen", title: "api_tokens" },
];

export interface Found {
  title: Title;
  parameters: Record<string, string>;
  load: () => Promise<Screen>;
}

const cache = new Map<string, Found | null>();
const CACHE_MAX = 100;

export function screenOf(path: string): Found | null {
  const kept = cache.get(path);
  if (kept !== undefined) return kept;
  if (cache.size >= CACHE_MAX) cache.clear();
  const found = look(path);
  cache.set(path, found);
  return found;
}

function look(path: string): Found | null {
  const plain = path.length > 1 ? path.replace(/\/$/, "") : path;
  for (const { pattern, file, title } of PLACES) {
    const match = pattern.exec(plain);
    const load = FILES[`../blocks/${file}.svelte`];
    if (!match || !load) continue;
    const named = Object.entries(match.groups ?? {}).filter(([, value]) => value !== undefined);
    return {
      title,
      load,
      parameters: Object.fromEntries(named.map(([key, value]) => [key, decoded(value)])),
    };
  }
  return null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

export interface Entry {
  href: string;
  title: Title;
  icon: IconName;
  needsAdmin?: boolean;
  /** It is about the whole installation: for the administrators of its first tenant. */
  needsAll?: boolean;
  /** It is about all sites, so the server refuses it to whoever is limited to some. */
  isOfAll?: boolean;
  /** It is of use only where the program announces this, and there to the first tenant. */
  needs?: string;
}

export const MENU: Entry[] = [
  { href: "/", title: "overview", icon: "overview" },
  { href: "/stations", title: "stations", icon: "station" },
  { href: "/transactions", title: "transactions", icon: "session" },
  { href: "/reservations", title: "reservations", icon: "calendar" },
  { href: "/id-tokens", title: "id_tokens", icon: "card", isOfAll: true },
  { href: "/sites", title: "sites", icon: "pin" },
  { href: "/templates", title: "wanted_values", icon: "check", isOfAll: true },
  { href: "/firmware", title: "firmware", icon: "download", isOfAll: true },
  { href: "/security", title: "security", icon: "shield", isOfAll: true },
  { href: "/users", title: "users", icon: "users", needsAdmin: true },
  { href: "/api-tokens", title: "api_tokens", icon: "key", needsAdmin: true },
  { href: "/audit-log", title: "audit_log", icon: "table", needsAdmin: true },
  { href: "/tenants", title: "tenants", icon: "tenants", needsAll: true },
  { href: "/settings", title: "settings", icon: "settings", needsAdmin: true },
  { href: "/simulator", title: "simulator", icon: "flask", needs: "Simulator", isOfAll: true },
];

/** Whether somebody's role and sites open a screen. */
export function isOpen(entry: Entry): boolean {
  if (entry.needs && !session.isOfFirstTenant) return false;
  if (session.isLimited && (entry.isOfAll || entry.needsAdmin || entry.needsAll)) return false;
  if (entry.needsAll) return session.mayAdministerAll;
  return !entry.needsAdmin || session.mayAdminister;
}
