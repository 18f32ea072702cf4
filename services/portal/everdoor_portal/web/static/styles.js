// Styles for scripts that know nothing of this page's Content-Security-Policy, which lets no style
// be inline: what xterm would put into <style> elements goes to style sheets made by script, and
// what it would put into style attributes to the style objects, both of which the policy allows.

export function allowStyles() {
  const create = document.createElement.bind(document);
  document.createElement = (name, options) =>
    String(name).toLowerCase() === "style" ? styleElement(create) : create(name, options);
  const setAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style") this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };
}

function styleElement(create) {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  return Object.defineProperty(create("template"), "textContent", {
    set: (text) => sheet.replaceSync(text),
    get: () => "",
  });
}
