// A central system made of ocpp-rpc in strict mode, which answers every action with what it is told
// to answer. Arguments: sub-protocol, answers as JSON. It prints its port, and at the end of its
// standard input what it was asked and every violation.
import { RPCServer } from "ocpp-rpc";

const [protocol, answers] = process.argv.slice(2);
const says = JSON.parse(answers);
const report = { asked: [], violations: [] };
const server = new RPCServer({ protocols: [protocol], strictMode: true });
server.on("client", async (client) => {
  client.on("strictValidationFailure", (event) => report.violations.push(String(event.error)));
  client.handle(({ method }) => {
    report.asked.push(method);
    return says[method];
  });
});
const http = await server.listen(0, "127.0.0.1");
console.log(JSON.stringify(http.address().port));
process.stdin.resume();
process.stdin.on("end", async () => {
  console.log(JSON.stringify(report));
  await server.close({ force: true });
  process.exit(0);
});
