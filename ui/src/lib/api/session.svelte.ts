// Who is logged in. The session itself is a cookie that no script can read; what is kept here is
// the name, the role, and the token without which the server changes nothing for a cookie.
export interface Session {
  id: string;
  tenant_id: string;
  name: string;
  role: string;
  /** Patterns such as `*:read`. */
  permissions: string[];
  /** Null: all sites. */
  sites: string[] | null;
  csrf_token: string | null;
}

const FIRST_TENANT = "00000000-0000-7000-8000-000000000001";
const KEY = "chargeplane.session";
// Whether it is worth asking: a browser that was never logged in gets no refusal then.
const hadSession = () => localStorage.getItem(KEY) !== null;
const channel = new BroadcastChannel(KEY);

let current = $state.raw<Session | null>(null);
let phase = $state<"asking" | "known">(hadSession() ? "asking" : "known");
let hasExpired = $state(false);

export const session = {
  get id(): string {
    return current?.id ?? "";
  },
  get tenant(): string {
    return current?.tenant_id ?? "";
  },
  get name(): string {
    return current?.name ?? "";
  },
  get role(): string {
    return current?.role ?? "viewer";
  },
  get csrf(): string | null {
    return current?.csrf_token ?? null;
  },
  get isOpen(): boolean {
    return current !== null;
  },
  /** Nobody knows yet whether the browser has a session. */
  get isAsking(): boolean {
    return phase === "asking";
  },
  get hasExpired(): boolean {
    return hasExpired;
  },
  /** Whether buttons that change something are of use. The server decides all the same. */
  get mayOperate(): boolean {
    return current?.role === "operator" || current?.role === "admin";
  },
  /** Whether some sites are all that there is for somebody. */
  get isLimited(): boolean {
    return current !== null && current.sites !== null;
  },
  get mayAdminister(): boolean {
    return current?.role === "admin";
  },
  /** Of what a role grants, such as `tenants:admin`. */
  may(permission: string): boolean {
    const granted = current?.permissions ?? [];
    return granted.includes(permission) || granted.includes(`*:${permission.split(":")[1]}`);
  },
  /** Whose people look after the program itself. */
  get isOfFirstTenant(): boolean {
    return current?.tenant_id === FIRST_TENANT;
  },
  /** Whether it looks after all tenants: from the first one, without limits. */
  get mayAdministerAll(): boolean {
    return session.may("tenants:admin") && current?.sites === null && session.isOfFirstTenant;
  },
  begin(next: Session): void {
    localStorage.setItem(KEY, "begun");
    current = next;
    phase = "known";
    hasExpired = false;
  },
  end(expired = false): void {
    if (current && !expired) channel.postMessage("ended");
    localStorage.removeItem(KEY);
    hasExpired = expired && current !== null;
    current = null;
    phase = "known";
  },
};

channel.addEventListener("message", () => session.end(true));
