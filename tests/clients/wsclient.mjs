// A WebSocket client of node's package `ws`, driven by lines of JSON on stdin: ["text", data],
// ["binary", data] and ["close", code]. What happens is told on stdout in the same way.
//
// node wsclient.mjs <folder of node_modules> <address> [sub-protocol ...]

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { join } from "node:path";

const [modules, address, ...subprotocols] = process.argv.slice(2);
const WebSocket = createRequire(join(modules, "/"))("ws");
const socket = new WebSocket(address, subprotocols);
const tell = (...message) => console.log(JSON.stringify(message));

socket.on("open", () => tell("open", socket.protocol, socket.extensions));
socket.on("message", (data, isBinary) => tell(isBinary ? "binary" : "text", data.toString()));
socket.on("close", (code, reason) => tell("close", code, reason.toString()));
socket.on("error", (error) => tell("error", error.message));

createInterface({ input: process.stdin }).on("line", (line) => {
  const [what, said] = JSON.parse(line);
  if (what === "close") socket.close(said);
  else socket.send(what === "binary" ? Buffer.from(said) : said);
});
