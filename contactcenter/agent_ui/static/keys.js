// Single keys. They rest in text fields, with modifiers, and while an input method composes.
import { inComposition, setMode } from "./composer.js";
import { current, list, move, toggleSelected } from "./list.js";

let going = 0;

function busy(event) {
  if (event.defaultPrevented || event.isComposing || inComposition() || event.ctrlKey || event.metaKey || event.altKey) return true;
  if (document.querySelector("dialog[open]")) return true;
  return event.target.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]") ?? false;
}

function press(key) {
  const element = [...document.querySelectorAll(`[data-key~="${CSS.escape(key)}"]`)].find((one) => one.offsetParent !== null);
  if (!element) return false;
  if (element.matches("summary")) {
    element.parentElement.open = !element.parentElement.open;
    element.parentElement.querySelector(":is(.menu-body, .wrong-body) :is(button, input, select, a)")?.focus();
  } else if (element.matches("input")) {
    element.focus();
    element.select();
  } else element.click();
  return true;
}

function go(key) {
  const place = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
  if (place) location.assign(place.href);
}

function act(key, event) {
  // A page without a list of tickets gives these keys to whatever asks for them: audits have their own j, k and n.
  if (!list && press(key)) return true;
  switch (key) {
    case "j": move(1); return true;
    case "k": move(-1); return true;
    case "x": toggleSelected(); return true;
    case "o":
    case "Enter": {
      if (event.target !== document.body) return false;
      current()?.querySelector(".row-link").click();
      return Boolean(list);
    }
    case "r": setMode("reply"); return true;
    case "n": setMode("note"); return true;
    case "z": [...document.querySelectorAll(".toast:not(.toast-used) [data-undo]")].at(-1)?.click(); return true;
    case "?": document.getElementById("keys")?.showModal(); return true;
    case "1":
    case "2":
    case "3":
    case "4":
    case "5":
    case "6": document.querySelector(`[data-suggestion="${key}"]`)?.click(); return true;
    case "g": going = Date.now(); return true;
    default: return press(key);
  }
}

document.addEventListener("keydown", (event) => {
  if (busy(event) || (event.key.length > 1 && event.key !== "Enter")) return;
  if (Date.now() - going < 1200 && event.key !== "g") {
    going = 0;
    go(event.key);
    event.preventDefault();
  } else if (act(event.key, event)) event.preventDefault();
});
