// A central system made of ocpp-rpc in strict mode. Arguments: sub-protocol, calls as JSON, the
// answer to BootNotification as JSON. Prints its port, then what it got, as JSON lines.
import { RPCServer } from "ocpp-rpc";

const [protocol, calls, boot] = process.argv.slice(2);
const report = { answers: [], asked: [], violations: [] };
const server = new RPCServer({ protocols: [protocol], strictMode: true });
server.on("client", async (client) => {
  client.on("strictValidationFailure", (event) => report.violations.push(String(event.error)));
  client.handle("BootNotification", ({ params }) => {
    report.asked.push(["BootNotification", params]);
    setTimeout(ask, 10);
    return JSON.parse(boot);
  });
  async function ask() {
    for (const [action, payload] of JSON.parse(calls)) {
      try {
        report.answers.push([action, await client.call(action, payload)]);
      } catch (error) {
        report.answers.push([action, { error: error.rpcErrorCode, message: error.message }]);
      }
    }
    console.log(JSON.stringify(report));
    await client.close();
    await server.close();
  }
});
const http = await server.listen(0, "127.0.0.1");
console.log(JSON.stringify(http.address().port));
