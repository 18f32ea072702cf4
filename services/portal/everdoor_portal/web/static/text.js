// Texts of the game: what is in them besides words, and where their lines break.

const SEQUENCE = /\x1b\[[0-9;]*m|\x1b\]8;;[^\x1b]*\x1b\\/g;
const LINK = /\x1b\]8;;([^\x1b]+)\x1b\\([^]*?)\x1b\]8;;\x1b\\/g;
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

// Only the words, without colours and links.
export function plain(text) {
  return text.replace(SEQUENCE, "");
}

// The text in parts: [words, address], the address being "" where there is no link.
export function parts(text) {
  const found = [];
  let last = 0;
  for (const link of text.matchAll(LINK)) {
    found.push([plain(text.slice(last, link.index)), ""], [plain(link[2]), link[1]]);
    last = link.index + link[0].length;
  }
  found.push([plain(text.slice(last)), ""]);
  return found.filter(([words]) => words);
}

// The command of a link, or null if it is a page's.
export function commandOf(address) {
  return address.startsWith("send:") ? decodeURIComponent(address.slice(5)) : null;
}

export function isPage(address) {
  return /^https?:\/\//i.test(address);
}

// The text with its lines broken between words where they are too long for so many columns.
export function wrap(text, columns) {
  return text.split("\n").map((line) => wrapLine(line, columns)).join("\n");
}

function wrapLine(line, columns) {
  if (widthOf(line) <= columns) return line;
  let out = "", column = 0;
  for (const word of line.match(/ *[^ ]+| +$/g) ?? []) {
    const width = widthOf(word);
    if (column && column + width > columns) {
      const bare = word.trimStart();
      out += "\n" + bare;
      column = widthOf(bare);
    } else {
      out += word;
      column += width;
    }
  }
  return out;
}

function widthOf(text) {
  let width = 0;
  for (const character of plain(text)) width += WIDE.test(character) ? 2 : 1;
  return width;
}
