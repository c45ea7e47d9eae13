// The composer: modes, prepared answers at a slash, drafts, files by paste and drop, the text message counter.
import { segments } from "./segments.js";
import { text as word } from "./texts.js";

const form = () => document.getElementById("composer-form");
const area = () => document.getElementById("text");
let saving = 0;
let composing = false;

export function setMode(mode, { focus = true } = {}) {
  const composer = document.getElementById("composer");
  const here = form();
  if (!composer || !here) return;
  composer.dataset.mode = mode;
  here.elements.mode.value = mode;
  here.setAttribute("hx-post", `${here.dataset.base}${mode}${here.dataset.suffix}`);
  for (const tab of composer.querySelectorAll("[data-mode]:is(button)")) {
    tab.setAttribute("aria-pressed", String(tab.dataset.mode === mode));
  }
  for (const part of composer.querySelectorAll("[data-for]")) {
    if (part.id !== "copies") part.hidden = part.dataset.for !== mode;
    else if (mode !== "reply") part.hidden = true;
  }
  channelChanged();
  if (focus) area()?.focus();
}

function channelChanged() {
  const way = document.getElementById("way");
  const channel = way?.selectedOptions[0]?.dataset.channel ?? "";
  for (const part of document.querySelectorAll("#composer [data-mail-only]")) part.hidden = channel !== "email";
  const mode = form()?.elements.mode.value;
  const below = document.getElementById("composer-below");
  if (below) below.hidden = !(mode === "forward" || (mode === "reply" && channel === "email"));
  signatureChanged();
  count();
}

function signatureChanged() {
  const chosen = document.getElementById("signature")?.value;
  for (const part of document.querySelectorAll("#composer-below [data-signature]")) part.hidden = part.dataset.signature !== chosen;
}

function count() {
  const place = document.getElementById("segments");
  const channel = document.getElementById("way")?.selectedOptions[0]?.dataset.channel;
  if (!place) return;
  if (channel !== "sms" || form().elements.mode.value !== "reply" || !area().value) {
    place.textContent = "";
    return;
  }
  const { count: parts, left } = segments(area().value);
  place.textContent = `${word("segments", parts)} · ${word("left", left)}`;
}

export function insert(text) {
  const field = area();
  if (!field) return;
  const at = slashAt(field);
  const start = at ?? field.selectionStart;
  field.setRangeText(text, start, field.selectionEnd, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
  closeCanned();
}

// The reply says which suggestions went into it: the machine learns from what was used.
function noteInserted(article) {
  form().append(Object.assign(document.createElement("input"), { type: "hidden", name: "inserted", value: article }));
}

// Prepared answers ---------------------------------------------------------------------------------------------

function slashAt(field) {
  const before = field.value.slice(0, field.selectionStart);
  const match = before.match(/(^|\s)\/([\p{L}\p{N}_-]{0,40})$/u);
  return match ? before.length - match[2].length - 1 : null;
}

const options = () => document.getElementById("canned-list");
let asked = 0;

async function openCanned(query) {
  const box = options();
  const here = form();
  asked += 1;
  const mine = asked;
  const response = await fetch(`${here.dataset.canned}?q=${encodeURIComponent(query)}`, { headers: { "HX-Request": "true" } });
  if (!response.ok || mine !== asked || box !== options()) return;
  box.innerHTML = await response.text();
  box.hidden = false;
  choose(box.querySelector("[role=option]"));
}

function closeCanned() {
  asked += 1;
  const box = options();
  if (box) box.hidden = true;
  area()?.removeAttribute("aria-activedescendant");
}

function choose(option) {
  for (const other of options().querySelectorAll("[role=option]")) other.setAttribute("aria-selected", String(other === option));
  if (!option) return;
  area().setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function cannedKey(event) {
  const box = options();
  if (!box || box.hidden) return false;
  const all = [...box.querySelectorAll("[role=option]")];
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    choose(all[(at + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length]);
  } else if ((event.key === "Enter" || event.key === "Tab") && all[at]) {
    insert(all[at].querySelector("template").content.textContent);
  } else if (event.key === "Escape") closeCanned();
  else return false;
  event.preventDefault();
  event.stopPropagation();
  return true;
}

// Files --------------------------------------------------------------------------------------------------------

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

// Pictures that are pasted or dropped into a mail go where the cursor is; the text names them by their file.
function addFiles(files) {
  const input = document.getElementById("files");
  if (!input || !files.length || form().elements.mode.value !== "reply") return;
  const isMail = document.getElementById("way")?.selectedOptions[0]?.dataset.channel === "email";
  const all = new DataTransfer();
  for (const file of input.files) all.items.add(file);
  for (const file of files) {
    const inText = isMail && PICTURES.includes(file.type);
    const added = inText ? named(file, new Set([...all.files].map((other) => other.name))) : file;
    all.items.add(added);
    if (inText) placePicture(added.name);
  }
  input.files = all.files;
  showFiles();
}

// Pasted pictures are all called alike, and a name in the text has no blanks or brackets.
function named(file, taken) {
  const [, stem, ending] = file.name.replace(/[\s()[\]]+/g, "-").match(/^(.*?)(\.[^.]*)?$/s);
  let name = `${stem}${ending ?? ""}`;
  for (let number = 2; taken.has(name); number += 1) name = `${stem}-${number}${ending ?? ""}`;
  return new File([file], name, { type: file.type });
}

function placePicture(name) {
  const field = area();
  const before = field.value.slice(0, field.selectionStart);
  const words = name.replace(/\.[^.]*$/, "");
  field.setRangeText(`${before && !before.endsWith("\n") ? "\n\n" : ""}![${words}](attached:${name})\n\n`, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function thumbnail(file) {
  const picture = document.createElement("img");
  picture.alt = "";
  picture.width = picture.height = 28;
  picture.src = URL.createObjectURL(file);
  picture.addEventListener("load", () => URL.revokeObjectURL(picture.src), { once: true });
  return picture;
}

function showFiles() {
  const input = document.getElementById("files");
  const shown = document.getElementById("composer-files");
  shown.replaceChildren(...[...input.files].map((file, index) => {
    const item = document.createElement("li");
    item.className = "file";
    if (PICTURES.includes(file.type)) item.append(thumbnail(file));
    const name = document.createElement("span");
    name.className = "one-line";
    name.textContent = file.name;
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "icon-button";
    remove.textContent = "×";
    remove.setAttribute("aria-label", word("remove", file.name));
    remove.addEventListener("click", () => {
      const rest = new DataTransfer();
      [...input.files].forEach((other, at) => at !== index && rest.items.add(other));
      input.files = rest.files;
      area().value = area().value.replaceAll(new RegExp(`!\\[[^\\]\\n]*\\]\\(attached:${file.name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\)\\n*`, "g"), "");
      showFiles();
    });
    item.append(name, remove);
    return item;
  }));
  shown.hidden = input.files.length === 0;
}

// Drafts -------------------------------------------------------------------------------------------------------

async function saveDraft() {
  const here = form();
  if (!here) return;
  const body = new URLSearchParams({ mode: here.elements.mode.value, text: area().value });
  const headers = { "HX-Request": "true", "X-CSRF-Token": token() };
  const response = await fetch(here.dataset.draft, { method: "POST", body, headers, keepalive: true }).catch(() => null);
  const state = document.getElementById("draft-state");
  if (response?.ok && state && here === form()) state.textContent = area().value ? word("draft") : "";
}

export function token() {
  return JSON.parse(document.body.getAttribute("hx-headers:inherited") || "{}")["X-CSRF-Token"] ?? "";
}

function saveSoon() {
  clearTimeout(saving);
  saving = setTimeout(saveDraft, 1200);
}

// Wiring -------------------------------------------------------------------------------------------------------

document.addEventListener("compositionstart", () => { composing = true; });
document.addEventListener("compositionend", () => { composing = false; });
export const inComposition = () => composing;

document.addEventListener("input", (event) => {
  if (event.target.id !== "text") return;
  count();
  saveSoon();
  if (composing) return;
  const at = slashAt(event.target);
  if (at === null) closeCanned();
  else openCanned(event.target.value.slice(at + 1, event.target.selectionStart));
});

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "text" || composing || event.isComposing) return;
  if (cannedKey(event)) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const mode = form().elements.mode.value;
    const wanted = mode === "reply" ? `[data-send="${event.shiftKey ? "resolve" : "reply"}"]` : `.button-primary[data-for="${mode}"]`;
    const button = form().querySelector(wanted);
    if (button && !button.disabled) form().requestSubmit(button);
    event.preventDefault();
  } else if (event.key === "Escape") event.target.blur();
}, true);

document.addEventListener("click", (event) => {
  const tab = event.target.closest("#composer button[data-mode]");
  if (tab) setMode(tab.dataset.mode);
  const option = event.target.closest("[data-insert]");
  if (option) {
    insert(option.querySelector("template").content.textContent);
    if (option.dataset.article) noteInserted(option.dataset.article);
  } else if (!event.target.closest(".composer-text, [data-open-canned]")) closeCanned();
  if (event.target.closest("[data-open-canned]")) {
    area().focus();
    openCanned("");
  }
  const copies = event.target.closest("[data-show]");
  if (copies) {
    const part = document.getElementById(copies.dataset.show);
    part.hidden = !part.hidden;
    copies.setAttribute("aria-expanded", String(!part.hidden));
    if (!part.hidden) part.querySelector("input").focus();
  }
  const forward = event.target.closest("[data-forward]");
  if (forward) {
    setMode("forward", { focus: false });
    document.getElementById("forward-message").value = forward.dataset.forward;
    document.getElementById("forward-to").focus();
  }
});

document.addEventListener("change", (event) => {
  if (event.target.id === "way") channelChanged();
  if (event.target.id === "signature") signatureChanged();
  if (event.target.id === "files") showFiles();
});

document.addEventListener("paste", (event) => {
  if (event.target.id === "text" && event.clipboardData.files.length) {
    addFiles(event.clipboardData.files);
    event.preventDefault();
  }
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const composer = event.target.closest?.("#composer");
    if (!composer || ![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    composer.classList.toggle("drop", kind === "dragover");
    if (kind === "drop") addFiles(event.dataTransfer.files);
  });
}

// A draft must not be written after its text was sent.
document.addEventListener("htmx:before:request", (event) => {
  if (event.detail.ctx.sourceElement.id === "composer-form") clearTimeout(saving);
});
addEventListener("pagehide", () => {
  if (saving && area()?.value) saveDraft();
});

export function prepare() {
  const here = form();
  if (!here || here.dataset.ready) return;
  here.dataset.ready = "yes";
  setMode(here.elements.mode.value, { focus: false });
}
document.addEventListener("htmx:after:swap", prepare);
prepare();
