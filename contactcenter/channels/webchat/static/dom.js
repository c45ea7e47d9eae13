// Building nodes: text is always text, never markup.

/** An element with properties, `on…` listeners, aria-… and other attributes, and children. */
export function h(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node && !name.includes("-")) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== ""));
  return node;
}

/** A decorative 24 × 24 line icon. */
export function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(svg.namespaceURI, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

// Chinese follows an address without a space, so an address ends where ASCII does.
const LINK = /https?:\/\/[^\s<>"'\u0080-\uffff]+/gi;

/** Text as nodes; web addresses in it become links that tell the target nothing about this page. */
export function linked(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    let word = match[0].replace(/[.,;:!?*_]+$/, "");
    if (!word.includes("(")) word = word.replace(/\)+$/, "");
    let url;
    try {
      url = new URL(word);
    } catch {
      continue;
    }
    if (!/^https?:$/.test(url.protocol)) continue;
    nodes.push(text.slice(end, match.index));
    nodes.push(h("a", { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow ugc", textContent: word }));
    end = match.index + word.length;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}
