// After every log-in: who it is, and what that one may do.
import { call } from "../lib/api/client";
import { session } from "../lib/api/session.svelte";

export async function begin(): Promise<void> {
  session.begin(await call("get", "/api/v1/me", {}));
}
