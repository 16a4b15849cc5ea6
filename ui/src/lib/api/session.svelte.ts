// Who is logged in. The session itself is a cookie that no script can read; what is kept here is
// the name, the role, and the token without which the server changes nothing for a cookie.
export interface Session {
  name: string;
  role: string;
  csrf_token: string | null;
}

const KEY = "chargeplane.session";
// Whether it is worth asking: a browser that was never logged in gets no refusal then.
const hadSession = () => localStorage.getItem(KEY) !== null;
const channel = new BroadcastChannel(KEY);

let current = $state.raw<Session | null>(null);
let phase = $state<"asking" | "known">(hadSession() ? "asking" : "known");
let hasExpired = $state(false);

export const session = {
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
  get mayAdminister(): boolean {
    return current?.role === "admin";
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
