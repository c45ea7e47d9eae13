// The chat in a page: a button, a panel, and what happens between them and the socket.

import { Connection, newId } from "./connection.js";
import { h, icon } from "./dom.js";
import { Log } from "./log.js";
import { Store } from "./store.js";
import { textsFor } from "./texts.js";

const BUBBLE = "M12 4c-5 0-9 3.4-9 7.6 0 2.4 1.3 4.5 3.4 5.9L6 21l4-2.1c.6.1 1.3.2 2 .2 5 0 9-3.3 9-7.5S17 4 12 4z";
const DOWN = "M6 9.5l6 6 6-6";
const CROSS = "M6 6l12 12M18 6L6 18";
const PLANE = "M4 12L20 4l-5 16-4-6z";
const MAX_CHARS = 4_000;
const TYPING_MS = 6_000;
const OFFLINE_MS = 3_000;

const socketUrl = () => {
  const url = new URL("/chat/ws", import.meta.url);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
};

class Chat {
  #typingTimer = 0;
  #offlineTimer = 0;
  #title = ""; // the page's own
  #marked = ""; // what we made of it

  constructor(options) {
    this.texts = textsFor(options.lang || navigator.language || "");
    this.store = new Store(`contactcenter ${new URL(import.meta.url).host}`);
    this.sheet = matchMedia("(max-width: 480px)");
    this.log = new Log(this.texts, { ask: () => this.#wish(), retry: (key) => this.#retry(key) });
    this.#build(options);
    this.connection = new Connection(socketUrl(), this.store, () => this.#profile(), {
      status: (status) => this.#status(status),
      lines: (lines, another) => this.#lines(lines, another),
      accepted: (client_id, id) => this.log.settle(client_id, id),
      held: (client_id) => this.log.state(client_id, "held"),
      failed: (client_id) => {
        this.log.state(client_id, "failed");
        this.#announce(this.texts.failed);
      },
      typing: () => this.#typing(true),
    });
    for (const item of this.store.unsent) {
      this.log.addOwn(item);
      if (!item.failed) this.connection.watch(item.client_id);
    }
    this.#about();
    addEventListener("storage", () => this.#seen());
    document.addEventListener("visibilitychange", () => this.#seen());
    // Somebody who never wrote is not connected: a page costs us no socket until it is used.
    if (this.store.get("token") || this.store.unsent.length) this.connection.start();
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  open() {
    if (!this.isOpen) {
      this.panel.hidden = false;
      this.root.classList.add("open");
      this.button.setAttribute("aria-expanded", "true");
      this.panel.setAttribute("aria-modal", String(this.sheet.matches));
      this.#fit();
      this.log.toEnd();
      this.#seen();
    }
    // On a phone the keyboard would hide half of what there is to read.
    (matchMedia("(pointer: coarse)").matches ? this.log.node : this.field).focus();
  }

  close() {
    if (!this.isOpen) return;
    this.panel.hidden = true;
    this.root.classList.remove("open");
    this.button.setAttribute("aria-expanded", "false");
    this.button.focus();
    this.#seen();
  }

  #build({ title, ask = "name email" }) {
    const t = this.texts;
    this.badge = h("span", { className: "badge", hidden: true });
    this.button = h(
      "button",
      { type: "button", className: "launcher", "aria-expanded": "false", "aria-controls": "panel", onclick: () => (this.isOpen ? this.close() : this.open()) },
      icon(BUBBLE),
      icon(DOWN),
      this.badge,
    );
    this.note = h("p", { className: "note", role: "status", hidden: true });
    this.live = h("p", { className: "aside", role: "status" });
    const heading = h("h2", { id: "title", textContent: title || t.title });
    const head = h(
      "div",
      { className: "head" },
      heading,
      h("button", { type: "button", className: "close", "aria-label": t.close, title: t.close, onclick: () => this.close() }, icon(CROSS)),
    );
    this.panel = h(
      "section",
      { id: "panel", className: "panel", role: "dialog", "aria-labelledby": "title", hidden: true, onkeydown: (event) => this.#keys(event) },
      head,
      this.note,
      this.log.node,
      this.#form(new Set(ask.split(/\s+/))),
    );
    this.root = h("div", { className: "root", lang: t.tag }, this.panel, this.button, this.live);
    this.#badge(0);
    this.host = h("div", { id: "contactcenter-chat" });
    const style = h("link", { rel: "stylesheet", href: new URL("./app.css", import.meta.url).href });
    // Nothing is shown before it has its looks.
    this.root.hidden = true;
    this.ready = new Promise((done, failed) => Object.assign(style, { onload: done, onerror: failed })).then(() => {
      this.root.hidden = false;
    });
    this.host.attachShadow({ mode: "open" }).append(style, this.root);
    document.body.append(this.host);
    visualViewport?.addEventListener("resize", () => this.#fit());
    visualViewport?.addEventListener("scroll", () => this.#fit());
  }

  #form(ask) {
    const t = this.texts;
    const input = (name, type, autocomplete) => h("label", {}, t[name], h("input", { name, type, autocomplete, maxLength: 80 }));
    this.about = h("div", { className: "about" });
    if (ask.has("name")) this.about.append(input("name", "text", "name"));
    if (ask.has("email")) this.about.append(input("email", "email", "email"));
    this.field = h("textarea", {
      rows: 1,
      maxLength: MAX_CHARS,
      placeholder: t.placeholder,
      "aria-label": t.message,
      enterKeyHint: "send",
      oninput: () => this.#written(),
      onkeydown: (event) => {
        // During composition Enter chooses a word; Safari tells only by the key code.
        if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
        event.preventDefault();
        this.#submit();
      },
    });
    this.left = h("p", { className: "left", hidden: true });
    this.submit = h("button", { className: "send", "aria-label": t.send, title: t.send }, icon(PLANE));
    return h(
      "form",
      { noValidate: true, onsubmit: (event) => (event.preventDefault(), this.#submit()) },
      this.about,
      this.left,
      h("div", { className: "write" }, this.field, this.submit),
    );
  }

  #keys(event) {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      this.close();
    }
    if (event.key !== "Tab" || !this.sheet.matches) return;
    // A sheet covers the page, so the focus stays on it.
    const stops = [...this.panel.querySelectorAll("button, a, input, textarea, [tabindex]")].filter((node) => node.getClientRects().length);
    const [first, last] = [stops[0], stops.at(-1)];
    const [edge, other] = event.shiftKey ? [first, last] : [last, first];
    if (this.host.shadowRoot.activeElement !== edge) return;
    event.preventDefault();
    other.focus();
  }

  /** The sheet ends above an on-screen keyboard. */
  #fit() {
    const view = visualViewport;
    const sheet = this.sheet.matches && view && this.isOpen;
    this.panel.style.height = sheet ? `${view.height}px` : "";
    this.panel.style.top = sheet ? `${view.offsetTop}px` : "";
  }

  #written() {
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
    const left = MAX_CHARS - this.field.value.length;
    this.left.hidden = left > 200;
    this.left.textContent = this.texts.left(left);
    if (this.field.value.trim()) this.connection.typing();
  }

  #submit() {
    const email = this.about.querySelector("[name=email]");
    if (email) {
      email.setCustomValidity("");
      if (!email.checkValidity()) {
        email.setCustomValidity(this.texts.wrongEmail);
        email.reportValidity();
        return;
      }
    }
    const text = this.field.value.trim();
    if (!text) return;
    for (const { name, value } of this.about.querySelectorAll("input")) this.store.set({ [name]: value.trim() });
    this.field.value = "";
    this.#written();
    this.#say(text);
    this.field.focus();
  }

  #say(text) {
    const item = { client_id: newId(), text, at: new Date().toISOString() };
    this.log.addOwn(item);
    this.log.toEnd();
    this.#about();
    this.connection.say(item);
  }

  #wish() {
    this.#say(this.texts.wish);
    this.field.focus();
  }

  #retry(client_id) {
    const item = this.store.unsent.find((one) => one.client_id === client_id);
    if (!item) return;
    delete item.failed;
    this.log.state(client_id, "sending");
    this.connection.say(item);
    this.connection.retry(true);
    this.field.focus();
  }

  /** Who he is can be told before the first message. */
  #about() {
    this.about.hidden = this.log.size > 0 || Boolean(this.store.get("token"));
  }

  #profile() {
    // Without query and fragment: they may hold what is none of our business.
    const title = document.title === this.#marked ? this.#title : document.title;
    return { page: location.origin + location.pathname, title, language: this.texts.tag };
  }

  #status(status) {
    if (status === "connecting") return;
    clearTimeout(this.#offlineTimer);
    const show = (words) => Object.assign(this.note, { hidden: !words, textContent: words });
    // A blink of the network is not worth a word.
    if (status === "offline") this.#offlineTimer = setTimeout(show, OFFLINE_MS, this.texts.offline);
    else show("");
  }

  #lines(lines, another) {
    if (another) this.log.clear();
    this.log.node.setAttribute("aria-busy", String(lines.length > 1));
    const fresh = this.log.add(lines);
    this.log.node.setAttribute("aria-busy", "false");
    if (another) for (const item of this.store.unsent) this.log.addOwn(item);
    this.#about();
    if (fresh.some((line) => line.direction === "out")) {
      this.#typing(false);
      if (!this.isOpen && this.log.after(this.store.get("seen")).length) this.#announce(this.texts.arrived);
    }
    if (lines.length > 1) this.log.toEnd();
    this.#seen();
  }

  #typing(shown) {
    clearTimeout(this.#typingTimer);
    this.log.typing(shown);
    if (shown) this.#typingTimer = setTimeout(() => this.log.typing(false), TYPING_MS);
  }

  #announce(words) {
    this.live.textContent = "";
    requestAnimationFrame(() => (this.live.textContent = words));
  }

  /** What is on the screen has been seen; the rest is counted. */
  #seen() {
    const unread = this.log.after(this.store.get("seen"));
    if (this.isOpen && !document.hidden && unread.length) {
      this.store.set({ seen: unread.map(({ line }) => line.id).reduce((a, b) => (a > b ? a : b)) });
      unread.length = 0;
    }
    this.#badge(unread.length);
  }

  #badge(count) {
    const t = this.texts;
    this.badge.hidden = count === 0;
    this.badge.textContent = count > 99 ? "99+" : String(count);
    const label = this.isOpen ? t.close : t.open;
    this.button.setAttribute("aria-label", count ? `${label}, ${t.unread(count)}` : label);
    if (document.title !== this.#marked) this.#title = document.title;
    this.#marked = count ? `(${count}) ${this.#title}` : this.#title;
    if (document.title !== this.#marked) document.title = this.#marked;
  }
}

/** Put the chat into the page, once it has a body. */
export async function mount(options) {
  if (!document.body) await new Promise((done) => addEventListener("DOMContentLoaded", done, { once: true }));
  const chat = new Chat(options);
  await chat.ready;
  return chat;
}
