// The list pane: which row is open, which are selected, and news that never move the row under the pointer.
import { text } from "./texts.js";

const rows = document.getElementById("rows");
const scroll = document.getElementById("rows-scroll");
const pill = document.getElementById("fresh");
const bulk = document.getElementById("bulk");
let held = null; // the first page as the server has it now, waiting behind the pill

export const list = rows;

export function current() {
  return rows?.querySelector(".row[aria-current]") ?? null;
}

function mark(number) {
  if (!rows) return;
  rows.dataset.open = number;
  for (const row of rows.querySelectorAll(".row")) {
    if (row.dataset.number === number) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
  const panes = document.getElementById("panes");
  if (panes) panes.dataset.open = number ? "ticket" : "list";
}

function markFromAddress() {
  mark(location.pathname.match(/^\/tickets\/(\d+)/)?.[1] ?? "");
}

export function move(step) {
  if (!rows) return;
  const all = [...rows.querySelectorAll(".row")];
  const focused = document.activeElement?.closest?.(".row");
  const at = all.indexOf(focused ?? current());
  const next = all[Math.min(all.length - 1, Math.max(0, at + step))];
  next?.querySelector(".row-link").focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}

export function toggleSelected() {
  const row = document.activeElement?.closest?.(".row") ?? current();
  const box = row?.querySelector(".pick input");
  if (!box) return;
  box.checked = !box.checked;
  showSelection();
}

function showSelection() {
  const chosen = rows.querySelectorAll(".pick input:checked").length;
  bulk.hidden = chosen === 0;
  rows.classList.toggle("picking", chosen > 0);
  document.getElementById("bulk-count").textContent = text("selected", chosen);
}

function selectNone() {
  for (const box of rows.querySelectorAll(".pick input:checked")) box.checked = false;
  showSelection();
}

// News ---------------------------------------------------------------------------------------------------------

async function fetchRows(address) {
  const response = await fetch(address, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
  if (!response.ok) return null;
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  return template.content;
}

function morph(old, fresh) {
  const checked = old.querySelector(".pick input").checked;
  fresh.querySelector(".pick input").checked = checked;
  if (old.hasAttribute("aria-current")) fresh.setAttribute("aria-current", "true");
  const focused = old.contains(document.activeElement);
  old.replaceWith(fresh);
  htmx.process(fresh);
  if (focused) fresh.querySelector(".row-link").focus({ preventScroll: true });
}

// Look at the first page again: rows that are shown change in place, new ones wait behind the pill, or come in at
// once when nobody is using the list.
export async function refreshList() {
  if (!rows) return;
  const content = await fetchRows(`/inbox/rows${rows.dataset.place}`);
  if (!content) return;
  const news = [];
  for (const row of [...content.querySelectorAll(".row")]) {
    const old = document.getElementById(row.id);
    if (!old) news.push(row.id);
    else if (old.dataset.version !== row.dataset.version || old.className !== row.className) morph(old, row.cloneNode(true));
  }
  held = content;
  if (!news.length) pill.hidden = true;
  else if (idle()) showHeld(news);
  else {
    pill.querySelector("span").textContent = text("fresh", news.length);
    pill.hidden = false;
  }
}

export async function refreshRow(number) {
  const old = document.getElementById(`row-${number}`);
  if (!old) return false;
  const content = await fetchRows(`/tickets/${number}/row${rows.dataset.place}`);
  const fresh = content?.querySelector(".row");
  if (fresh) morph(old, fresh);
  return true;
}

function idle() {
  const used = scroll.matches(":hover") || scroll.contains(document.activeElement) || bulk.hidden === false;
  return !used && scroll.scrollTop < 8;
}

function showHeld(news = []) {
  if (!held) return;
  rows.replaceChildren(...held.childNodes);
  held = null;
  htmx.process(rows);
  mark(rows.dataset.open);
  for (const id of news) document.getElementById(id)?.classList.add("arrived");
  pill.hidden = true;
}

if (rows) {
  pill.addEventListener("click", () => {
    showHeld();
    scroll.scrollTop = 0;
    rows.querySelector(".row-link")?.focus({ preventScroll: true });
  });
  rows.addEventListener("change", (event) => {
    if (event.target.matches(".pick input")) showSelection();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-select-none]")) selectNone();
    const button = event.target.closest("[data-value]");
    if (button?.form === bulk) bulk.elements.value.value = button.dataset.value;
  });
  bulk.addEventListener("htmx:after:request", selectNone);
  document.addEventListener("htmx:after:history:push", markFromAddress);
  document.addEventListener("htmx:after:swap", (event) => {
    markFromAddress();
    if (event.detail?.ctx?.target?.id === "desk") settle();
  });
  markFromAddress();
  current()?.scrollIntoView({ block: "nearest" });
}

// A ticket was opened: read from its end. Frames and suggestions arrive later and change heights; until somebody
// scrolls away, the end stays in sight.
let watcher = null;

export function settle() {
  const story = document.getElementById("timeline-scroll");
  watcher?.disconnect();
  if (!story?.firstElementChild) return;
  const toEnd = () => { story.scrollTop = story.scrollHeight; };
  watcher = new ResizeObserver(() => { if (story.dataset.away !== "yes") toEnd(); });
  watcher.observe(story);
  watcher.observe(story.firstElementChild);
  toEnd();
}

for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) {
  document.addEventListener(kind, (event) => {
    const story = event.target.closest?.("#timeline-scroll");
    if (story) story.dataset.away = "yes";
  }, { passive: true });
}
document.addEventListener("scroll", (event) => {
  const story = event.target;
  if (story.id === "timeline-scroll" && story.scrollHeight - story.scrollTop - story.clientHeight < 4) story.dataset.away = "";
}, { capture: true, passive: true });
settle();
