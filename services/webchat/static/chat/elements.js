// Elements without markup: what customers and agents wrote can never become any.

export function h(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((one) => one !== null));
  return made;
}

export function icon(path) {
  const made = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const line = { fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round" };
  const drawn = made("svg", Object.assign({ viewBox: "0 0 24 24", "aria-hidden": "true" }, line));
  drawn.append(made("path", { d: path }));
  return drawn;
}

// Styles for a shadow root. Older browsers cannot take them from a script, and load them from the same place.
export function dressed(shadow, css, here) {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [sheet];
  } catch (error) {
    shadow.append(h("link", { rel: "stylesheet", href: `${here}pasokh-chat/chat.css` }));
  }
}
