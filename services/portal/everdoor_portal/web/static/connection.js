// The connection to the game: opened, kept, and opened again when it is lost, with the token that
// brings the player back into the same session and the number of the last output seen.
// The messages are those of the sub-protocol v1.everdoor.

const PAUSES_MS = [0, 200, 400, 800, 1500, 3000, 6000, 10000];
const OPENING_MS = 1500; // another portal may answer sooner than one that is just being started
const PATIENT_OPENING_MS = 10000;
const QUIET_MS = 25000; // then a sign of life is asked for
const ANSWER_MS = 10000;
const CONFIRM_OUTPUTS = 50;
const CONFIRM_CHARACTERS = 16384;
const NORMAL = 1000, POLICY = 1008;
const KEPT = "everdoor.session";

export class Connection {
  // Handlers: text(text), prompt(text, hidden), input(hidden), session(told), out(name, args,
  // options), state(name, words). State is connecting, connected, away, reconnecting or ended.
  constructor(url, describe, handlers) {
    this.url = url;
    this.describe = describe;
    this.handlers = handlers;
    this.attempt = 0;
    this.unconfirmed = [0, 0];
    this.kept = readKept();
    this.seen = this.kept.seen;
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN && this.isUp;
  }

  connect() {
    clearTimeout(this.timer);
    this.say(this.attempt ? "reconnecting" : "connecting");
    const socket = new WebSocket(this.url, "v1.everdoor");
    this.socket = socket;
    const patience = this.attempt < 4 ? OPENING_MS : PATIENT_OPENING_MS;
    this.timer = setTimeout(() => this.lost(socket), patience);
    socket.onopen = () => this.opened(socket);
    socket.onmessage = (event) => socket === this.socket && this.take(event.data);
    socket.onclose = (event) => this.closed(socket, event);
  }

  // Send a line; false when there is no connection, and nothing was sent.
  line(text) {
    return this.send("line", text);
  }

  flags(told) {
    this.send("flags", told);
  }

  send(...message) {
    if (!this.isOpen) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  opened(socket) {
    if (socket !== this.socket) return;
    const hello = { ...this.describe() };
    if (this.kept.token) Object.assign(hello, { token: this.kept.token, seen: this.seen });
    socket.send(JSON.stringify(["hello", hello]));
    this.isUp = true;
    this.listen();
  }

  // Wait for the next message; if none comes for long, ask; if none comes then, it is lost.
  listen() {
    const socket = this.socket;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.send("ping");
      this.timer = setTimeout(() => this.lost(socket), ANSWER_MS);
    }, QUIET_MS);
  }

  take(data) {
    const [name, ...said] = JSON.parse(data);
    this.listen();
    if (name === "session") this.settled(said[0]);
    else if (name === "token") this.keep(said[0], 0);
    else if (name === "game") this.say(said[0] === "away" ? "away" : "connected");
    else if (name === "input") this.handlers.input(said[0]);
    else if (name === "text") this.show(said[0], said[1].length, () => this.handlers.text(said[1]));
    else if (name === "prompt")
      this.show(said[0], said[1].length, () => this.handlers.prompt(said[1], said[2]));
    else if (name === "out")
      this.show(said[0], data.length, () => this.handlers.out(said[1], said[2], said[3]));
  }

  settled(told) {
    this.attempt = 0;
    this.say("connected");
    this.handlers.session(told);
  }

  show(number, size, handler) {
    handler();
    if (!number) return;
    this.seen = number;
    this.unconfirmed = [this.unconfirmed[0] + 1, this.unconfirmed[1] + size];
    const [outputs, characters] = this.unconfirmed;
    if (outputs >= CONFIRM_OUTPUTS || characters >= CONFIRM_CHARACTERS) {
      this.send("seen", number);
      this.keep(this.kept.token, number);
    }
  }

  // A page that is loaded anew is shown again what had not been confirmed.
  keep(token, seen) {
    this.kept = { token, seen };
    this.seen = seen;
    this.unconfirmed = [0, 0];
    sessionStorage.setItem(KEPT, JSON.stringify(this.kept));
  }

  closed(socket, event) {
    if (socket !== this.socket) return;
    if (event.code === NORMAL || event.code === POLICY) {
      this.end();
      this.say("ended", event.reason);
    } else {
      this.lost(socket);
    }
  }

  end() {
    this.drop();
    this.kept = { token: "", seen: 0 };
    this.attempt = 0;
    sessionStorage.removeItem(KEPT);
  }

  lost(socket) {
    if (socket !== this.socket) return;
    this.drop();
    const pause = PAUSES_MS[Math.min(this.attempt, PAUSES_MS.length - 1)];
    this.attempt += 1;
    this.say("reconnecting");
    // Not all at once, when a portal with many clients is gone.
    this.timer = setTimeout(() => this.connect(), pause * (0.75 + Math.random() / 2));
  }

  drop() {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    this.isUp = false;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  hurry() {
    if (!this.socket && this.attempt) this.connect();
  }

  say(state, words = "") {
    this.handlers.state(state, words, this.attempt);
  }
}

function readKept() {
  try {
    const { token, seen } = JSON.parse(sessionStorage.getItem(KEPT));
    return { token: String(token), seen: Number(seen) };
  } catch {
    return { token: "", seen: 0 };
  }
}
