// Verifies deliveries by the official package: [{secret, headers, body}] comes in, the parsed events go out.
import { Webhook } from "standardwebhooks";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const events = JSON.parse(Buffer.concat(chunks)).map(({ secret, headers, body }) => {
  // The tests' time stands still; the package compares with its own clock.
  Date.now = () => Number(headers["webhook-timestamp"]) * 1000;
  return new Webhook(secret).verify(body, headers);
});
console.log(JSON.stringify(events));
