// Leaving the console.
import { call } from "./client";
import { problemOf } from "./problem";
import { session } from "./session.svelte";

export async function logOut(): Promise<void> {
  try {
    await call("delete", "/api/v1/sessions/current", {});
  } catch (error) {
    problemOf(error); // the session ends here all the same; the server ends it by itself later
  }
  session.end();
}
