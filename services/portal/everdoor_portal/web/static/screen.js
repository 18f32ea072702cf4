// What the game says: on a terminal for the eyes, in a log of words for screen readers. A text
// only ever becomes characters of the terminal or text nodes; nothing of it is read as HTML.

import { Terminal } from "./vendor/xterm/xterm.mjs";
import { FitAddon } from "./vendor/addon-fit/addon-fit.mjs";
import { allowStyles } from "./styles.js";
import { commandOf, isPage, parts, plain, wrap } from "./text.js";

const MOST_TEXTS = 500; // kept to be wrapped anew when the window changes
const MOST_LOGGED = 200;
const MOST_LINKS = 12;
const NARROW_PX = 600;
const QUIET = "\x1b[90m", RESET = "\x1b[0m";

const THEMES = {
  dark: { background: "#14161b", foreground: "#dfe3ea", cursor: "#14161b",
    selectionBackground: "#41618c" },
  light: { background: "#fbfaf7", foreground: "#22252b", cursor: "#fbfaf7",
    selectionBackground: "#b7d3f5", black: "#22252b", red: "#b3261e", green: "#1d7a34",
    yellow: "#8a5d00", blue: "#0b57c2", magenta: "#8e3a9d", cyan: "#00707a", white: "#5a6070",
    brightBlack: "#5a6070", brightRed: "#c4312a", brightGreen: "#23863c",
    brightYellow: "#936500", brightBlue: "#1a63cc", brightMagenta: "#9a48a8",
    brightCyan: "#007a85", brightWhite: "#000000" },
};

allowStyles();

export class Screen {
  // send(command) is called when a link is chosen that does one; resized() when the size changes.
  constructor(place, log, links, { send, resized }) {
    this.place = place;
    this.log = log;
    this.links = links;
    this.send = send;
    this.resized = resized;
    this.texts = [];
    this.terminal = new Terminal({
      allowProposedApi: false,
      convertEol: true,
      cursorInactiveStyle: "none",
      disableStdin: true,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
      fontSize: window.innerWidth < NARROW_PX ? 13 : 15,
      linkHandler: {
        activate: (event, address) => this.follow(address),
        hover: (event, address) => (place.title = commandOf(address) ?? address),
        leave: () => (place.title = ""),
        allowNonHttpProtocols: true,
      },
      minimumContrastRatio: 4.5,
      scrollback: 5000,
      screenReaderMode: false,
    });
    this.fit = new FitAddon();
    this.terminal.loadAddon(this.fit);
    this.terminal.open(place);
    this.terminal.textarea.tabIndex = -1;
    this.fit.fit();
    new ResizeObserver(() => this.refit()).observe(place);
  }

  get size() {
    return { width: this.terminal.cols, height: this.terminal.rows };
  }

  // Whether what is said is for somebody who listens to it.
  setReader(isOn) {
    this.terminal.options.screenReaderMode = isOn;
    this.place.toggleAttribute("aria-hidden", false);
    if (!isOn) this.place.setAttribute("aria-hidden", "true");
    this.log.setAttribute("aria-live", isOn ? "off" : "polite");
  }

  setTheme(name) {
    this.terminal.options.theme = THEMES[name];
  }

  show(text) {
    this.write(text);
    this.logged(text);
    this.offer(parts(text).filter(([, address]) => address));
  }

  // Show what was typed.
  echo(line) {
    this.write(`${QUIET}> ${line}${RESET}`);
  }

  scroll(pages) {
    this.terminal.scrollPages(pages);
  }

  write(text) {
    this.texts.push(text);
    if (this.texts.length > MOST_TEXTS) this.texts.shift();
    this.terminal.write(wrap(text, this.terminal.cols) + "\n");
  }

  refit() {
    const before = this.terminal.cols;
    this.fit.fit();
    if (this.terminal.cols === before) return;
    this.terminal.reset();
    for (const text of this.texts) this.terminal.write(wrap(text, this.terminal.cols) + "\n");
    this.resized(this.size);
  }

  logged(text) {
    const entry = document.createElement("p");
    for (const [words, address] of parts(text)) {
      entry.append(address ? this.linkFor(words, address, -1) : words);
    }
    this.log.append(entry);
    if (this.log.childElementCount > MOST_LOGGED) this.log.firstElementChild.remove();
  }

  // Links once more as buttons, for keyboards and fingers.
  offer(links) {
    if (!links.length) return;
    const shown = links.slice(0, MOST_LINKS).map(([words, at]) => this.linkFor(words, at, 0));
    this.links.replaceChildren(...shown);
    this.links.hidden = false;
  }

  forgetLinks() {
    this.links.hidden = true;
    this.links.replaceChildren();
  }

  linkFor(words, address, tabIndex) {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = tabIndex;
    button.textContent = words;
    button.title = commandOf(address) ?? address;
    button.addEventListener("click", () => this.follow(address));
    return button;
  }

  follow(address) {
    const command = commandOf(address);
    if (command !== null) this.send(command);
    else if (isPage(address)) window.open(address, "_blank", "noopener,noreferrer");
  }
}

export { plain };
