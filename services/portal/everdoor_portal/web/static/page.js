// The page: joins connection, screen and input line, and shows how things are.

import { Connection } from "./connection.js";
import { InputLine, withoutSecret } from "./input.js";
import { Screen } from "./screen.js";
import { plain } from "./text.js";

const element = (id) => document.getElementById(id);
const name = document.title;
const asksDark = matchMedia("(prefers-color-scheme: dark)");
const LONG_PROMPT = 20;
const WORDS = {
  connecting: "Connecting…",
  connected: "Connected",
  away: "The game is restarting…",
  reconnecting: "Connection lost. Reconnecting…",
  ended: "Disconnected",
};

const screen = new Screen(element("screen"), element("log"), element("links"), {
  send: (command) => sendLine(command, false),
  resized: (size) => connection.flags(size),
});
const input = new InputLine(element("form"), element("line"), {
  send: sendLine,
  scroll: (pages) => screen.scroll(pages),
});
const connection = new Connection(socketAddress(), describe, {
  text: showText,
  prompt: showPrompt,
  input: (hidden) => input.hide(hidden),
  session: showSession,
  out: () => {},
  state: showState,
});

let isReader = false;
let isHeardBefore = false;
let isAsked = false; // the prompt waits for one line, and is answered by it

function socketAddress() {
  const address = new URL("/ws", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

function describe() {
  return { client: "Everdoor web page", version: "1", screenreader: isReader, ...screen.size };
}

function sendLine(line, isHidden) {
  if (!connection.line(line)) {
    showWords("Not connected: your line is still there.");
    return false;
  }
  screen.forgetLinks();
  if (isAsked) showAsked("");
  isAsked = false;
  if (!isHidden) screen.echo(withoutSecret(line));
  return true;
}

function showText(text) {
  screen.show(text);
  input.learn(plain(text));
  if (document.hidden) document.title = `• ${document.title.replace(/^• /, "")}`;
}

// The last line of a prompt stands before the input line, what is above it on the screen.
function showPrompt(text, hidden) {
  const lines = text.split("\n");
  const asked = plain(lines.pop()).trim();
  if (lines.length) screen.show(lines.join("\n"));
  showAsked(asked);
  isAsked = hidden !== null;
  if (isAsked) input.hide(hidden);
}

function showAsked(asked) {
  element("ask").textContent = asked || ">";
  element("prompt").classList.toggle("long", asked.length > LONG_PROMPT);
}

function showSession({ sessid, name: who, logged_in: isLoggedIn }) {
  document.body.dataset.sessid = sessid;
  document.title = isLoggedIn && who ? `${who} - ${name}` : name;
  if (!isLoggedIn) {
    showAsked("");
    input.hide(false);
  }
}

function showState(state, words, attempt) {
  const place = element("state");
  place.dataset.state = state;
  const tried = state === "reconnecting" && attempt > 2 ? ` (attempt ${attempt})` : "";
  showWords(words ? `${WORDS[state]}: ${words}` : WORDS[state] + tried);
  element("connect").hidden = state !== "ended";
  if (state === "reconnecting" && isHeardBefore) screen.show("(Connection lost. Reconnecting…)");
  if (state === "connected" && !isHeardBefore && place.dataset.lost) screen.show("(Connected again.)");
  isHeardBefore = state === "connected" || state === "away";
  if (state === "reconnecting") place.dataset.lost = "yes";
  if (state === "connected") delete place.dataset.lost;
}

function showWords(words) {
  element("state").textContent = words;
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  screen.setTheme(theme);
  element("theme").textContent = theme === "dark" ? "Light" : "Dark";
}

function chosenTheme() {
  return localStorage.getItem("everdoor.theme") ?? (asksDark.matches ? "dark" : "light");
}

element("theme").addEventListener("click", () => {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("everdoor.theme", theme);
  setTheme(theme);
});
asksDark.addEventListener("change", () => setTheme(chosenTheme()));

element("reader").addEventListener("click", () => {
  isReader = !isReader;
  element("reader").setAttribute("aria-pressed", String(isReader));
  localStorage.setItem("everdoor.reader", String(isReader));
  screen.setReader(isReader);
  connection.flags({ screenreader: isReader });
});

element("connect").addEventListener("click", () => {
  connection.connect();
  element("line").focus();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.title = document.title.replace(/^• /, "");
});

// Letters typed anywhere belong to the line, unless something is being chosen or copied.
document.addEventListener("keydown", (event) => {
  const isText = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  const isElsewhere = event.target === document.body || element("screen").contains(event.target);
  if (isText && isElsewhere && !isReader) element("line").focus();
});

setTheme(chosenTheme());
if (localStorage.getItem("everdoor.reader") === "true") element("reader").click();
connection.connect();
