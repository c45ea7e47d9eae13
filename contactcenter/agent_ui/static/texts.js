// Texts in the reader's language, written into the page by the server.
const texts = JSON.parse(document.getElementById("texts")?.textContent || "{}");

export function text(key, value = "") {
  return (texts[key] ?? key).replace("{n}", String(value));
}
