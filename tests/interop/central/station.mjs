// A station made of ocpp-rpc in strict mode, moved from outside. Arguments: endpoint, identity,
// sub-protocol, password (or nothing). It reads and writes JSON lines:
//   in:  {"ask": [n, action, payload]}      out: {"answer": [n, payload]} or {"error": [n, code]}
//   out: {"asked": [n, action, payload]}    in:  {"answer": [n, payload]} or {"error": [n, code]}
//   in:  {"hangUp": true}                   out: {"violation": text}, {"connected": sub-protocol}
import { createInterface } from "node:readline";
import rpc from "ocpp-rpc";

const { NOREPLY, RPCClient, createRPCError } = rpc;

const [endpoint, identity, protocol, password] = process.argv.slice(2);
const client = new RPCClient({
  endpoint,
  identity,
  protocols: [protocol],
  password: password || null,
  strictMode: true,
  reconnect: false,
});
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const waiting = new Map();
let count = 0;

client.on("strictValidationFailure", ({ method, outbound, error }) => {
  say({ violation: `${outbound ? "of mine" : "of yours"}: ${method}: ${error}` });
});
client.handle(({ method, params }) => {
  const number = ++count;
  return new Promise((resolve, reject) => {
    waiting.set(number, { resolve, reject });
    say({ asked: [number, method, params] });
  });
});

async function ask([number, action, payload]) {
  try {
    say({ answer: [number, await client.call(action, payload)] });
  } catch (error) {
    say({ error: [number, `${error.rpcErrorCode}: ${error.message}`] });
  }
}

async function hangUp() {
  for (const { resolve } of waiting.values()) resolve(NOREPLY);
  await client.close({ awaitPending: false });
  process.exit(0);
}

try {
  await client.connect();
} catch (error) {
  say({ error: [0, String(error)] });
  process.exit(0);
}
say({ connected: client.protocol });
const lines = createInterface({ input: process.stdin });
lines.on("close", hangUp);
lines.on("line", (text) => {
  const line = JSON.parse(text);
  if (line.ask) ask(line.ask);
  if (line.hangUp) hangUp();
  const [number, said] = line.answer ?? line.error ?? [0];
  const owed = waiting.get(number);
  waiting.delete(number);
  if (line.answer) owed.resolve(said);
  if (line.error) owed.reject(createRPCError(said, "not today"));
});
