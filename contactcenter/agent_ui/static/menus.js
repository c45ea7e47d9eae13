// Menus (details), dialogs and toasts: close outside, close by Escape, give the focus back.
import { text } from "./texts.js";

const openMenus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) {
    const inside = menu.contains(event.target);
    const chosen = inside && event.target.closest(".menu-item") && !event.target.closest("summary");
    if (!inside || chosen) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu[open]") ?? openMenus()[0];
  if (!menu) return;
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary").focus();
    event.preventDefault();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (event.target.matches("input, select, textarea")) return;
    const items = [...menu.querySelectorAll(".menu-body :is(button, a, input)")].filter((item) => item.offsetParent);
    const at = items.indexOf(document.activeElement);
    const next = items[(at + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length];
    (at < 0 ? items[0] : next)?.focus();
    event.preventDefault();
  }
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  const closer = event.target.closest("[data-close-dialog]");
  if (closer) document.getElementById(closer.dataset.closeDialog)?.close();
  if (event.target.matches("dialog")) event.target.close();
  const toast = event.target.closest(".toast");
  if (toast && event.target.closest("[data-close-toast]")) toast.remove();
  // An undo must stay in the page until its answer is there: htmx drops what comes back to an element that is gone.
  if (toast && event.target.closest("[data-undo]")) toast.classList.add("toast-used");
});

// Toasts leave by themselves, but not while somebody points at them or has the focus in them.
const toasts = document.getElementById("toasts");
function watch(toast) {
  let left = Number(toast.dataset.toast) || 6;
  const tick = setInterval(() => {
    if (toast.matches(":hover, :focus-within")) return;
    left -= 1;
    if (left <= 0) {
      clearInterval(tick);
      toast.remove();
    }
  }, 1000);
}
if (toasts) {
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node.dataset?.toast) watch(node);
    }
  }).observe(toasts, { childList: true, subtree: true });
}

export function notice(message) {
  const toast = document.createElement("div");
  toast.className = "toast toast-fault";
  toast.dataset.toast = "8";
  const words = document.createElement("p");
  words.textContent = message;
  toast.append(words);
  toasts?.append(toast);
}

// A request that got no answer at all: say so, nothing was swapped and nothing is lost.
document.addEventListener("htmx:error", (event) => {
  if (event.detail?.error?.name !== "AbortError") notice(text("lost"));
});
