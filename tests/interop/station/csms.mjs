// A central system made of ocpp-rpc in strict mode, which answers every action with what it is told
// to answer. Arguments: sub-protocol, answers as JSON. It prints its port. Each line of its standard
// input is a request [action, payload] for the station, whose answer it prints; at the end of its
// input it prints what it was asked and every violation.
import { createInterface } from "node:readline";
import { RPCServer } from "ocpp-rpc";

const [protocol, answers] = process.argv.slice(2);
const says = JSON.parse(answers);
const report = { asked: [], violations: [] };
const server = new RPCServer({ protocols: [protocol], strictMode: true });
let station;
server.on("client", async (client) => {
  station = client;
  client.on("strictValidationFailure", (event) => report.violations.push(String(event.error)));
  client.handle(({ method }) => {
    report.asked.push(method);
    return says[method];
  });
});
const http = await server.listen(0, "127.0.0.1");
console.log(JSON.stringify(http.address().port));
for await (const line of createInterface({ input: process.stdin })) {
  const [action, payload] = JSON.parse(line);
  try {
    console.log(JSON.stringify({ answer: await station.call(action, payload) }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
console.log(JSON.stringify(report));
await server.close({ force: true });
process.exit(0);
