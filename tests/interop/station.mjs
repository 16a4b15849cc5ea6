// A station made of ocpp-rpc in strict mode: it validates what we send as well as what it sends.
// Arguments: endpoint, sub-protocol, calls as JSON, how many calls to wait for (1). Prints what it
// got, as one JSON object.
import { RPCClient } from "ocpp-rpc";

const [endpoint, protocol, calls, awaited = "1"] = process.argv.slice(2);
const client = new RPCClient({
  endpoint,
  identity: "CP-node",
  protocols: [protocol],
  strictMode: true,
  reconnect: false,
});
const report = { answers: [], asked: [], violations: [] };
client.on("strictValidationFailure", (event) => report.violations.push(String(event.error)));
client.handle(({ method, params }) => {
  report.asked.push([method, params]);
  if (method === "RemoteStartTransaction" || method === "RequestStartTransaction") {
    return { status: "Accepted" };
  }
  return { status: "Rejected" };
});
await client.connect();
for (const [action, payload] of JSON.parse(calls)) {
  try {
    report.answers.push([action, await client.call(action, payload)]);
  } catch (error) {
    report.answers.push([action, { error: error.rpcErrorCode, message: error.message }]);
  }
}
while (report.asked.length < Number(awaited)) {
  await new Promise((resolve) => setTimeout(resolve, 10));
}
await new Promise((resolve) => setTimeout(resolve, 50));
await client.close();
console.log(JSON.stringify(report));
