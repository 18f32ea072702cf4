// The input line: history, completion, and what must not be seen of what is typed.

const MOST_LINES = 200;
const MOST_WORDS = 2000;
const SHORTEST_WORD = 3;
const SECRET = /^\s*(connect|create|co|cr|password|userpassword)\b/i;
const NAMED = /^(\s*(?:connect|create|co|cr)\s+(?:"[^"]*"|\S+))\s/i;

// What of a line may be shown and kept: not the password that some commands take.
export function withoutSecret(line) {
  if (!SECRET.test(line)) return line;
  const named = NAMED.exec(line);
  if (named) return `${named[1]} ********`;
  return line.trim().includes(" ") ? `${line.trim().split(/\s/)[0]} ********` : line;
}

export class InputLine {
  // send(line) returns whether it was sent; scroll(pages) is called for the page keys.
  constructor(form, field, { send, scroll }) {
    this.field = field;
    this.send = send;
    this.lines = [];
    this.at = 0;
    this.words = new Set();
    this.completing = null;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    field.addEventListener("keydown", (event) => this.key(event, scroll));
    field.addEventListener("input", () => (this.completing = null));
  }

  get isHidden() {
    return this.field.type === "password";
  }

  hide(isHidden) {
    this.field.type = isHidden ? "password" : "text";
  }

  // Learn words that may be typed again.
  learn(text) {
    for (const word of text.match(/[\p{L}\p{N}][\p{L}\p{N}'-]*/gu) ?? []) {
      if (word.length < SHORTEST_WORD) continue;
      this.words.delete(word);
      this.words.add(word);
    }
    while (this.words.size > MOST_WORDS) this.words.delete(this.words.values().next().value);
  }

  submit() {
    const line = this.field.value;
    if (!this.send(line, this.isHidden)) return;
    if (!this.isHidden && line.trim() && withoutSecret(line) === line) this.remember(line);
    this.at = this.lines.length;
    this.field.value = "";
    this.completing = null;
    this.field.focus();
  }

  remember(line) {
    if (this.lines.at(-1) !== line) this.lines.push(line);
    if (this.lines.length > MOST_LINES) this.lines.shift();
    this.learn(line);
  }

  key(event, scroll) {
    const plainKey = !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey;
    if (!plainKey || event.isComposing) return;
    if (event.key === "ArrowUp") this.recall(-1);
    else if (event.key === "ArrowDown") this.recall(1);
    else if (event.key === "PageUp") scroll(-1);
    else if (event.key === "PageDown") scroll(1);
    else if (event.key !== "Tab" || !this.complete()) return;
    event.preventDefault();
  }

  recall(step) {
    if (this.isHidden) return;
    this.at = Math.max(0, Math.min(this.lines.length, this.at + step));
    this.field.value = this.lines[this.at] ?? "";
    this.completing = null;
  }

  // Put the next word that begins like the one before the cursor; false when there is none, so
  // that the key goes on to the next thing on the page.
  complete() {
    const { value, selectionStart: cursor } = this.field;
    if (this.isHidden) return false;
    if (!this.completing) {
      const start = value.slice(0, cursor).search(/[\p{L}\p{N}'-]+$/u);
      if (start < 0) return false;
      const begun = value.slice(start, cursor).toLowerCase();
      const fits = [...this.words].reverse().filter(
        (word) => word.toLowerCase().startsWith(begun) && word.toLowerCase() !== begun);
      if (!fits.length) return false;
      this.completing = { start, fits, next: 0, rest: value.slice(cursor) };
    }
    const { start, fits, next, rest } = this.completing;
    const word = fits[next];
    this.completing.next = (next + 1) % fits.length;
    this.field.value = value.slice(0, start) + word + rest;
    this.field.setSelectionRange(start + word.length, start + word.length);
    return true;
  }
}
