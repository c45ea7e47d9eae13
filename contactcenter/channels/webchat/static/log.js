// The conversation on the screen.

import { h, icon, linked } from "./dom.js";

const SPARK = "M12 4l1.8 5.2L19 11l-5.2 1.8L12 18l-1.8-5.2L5 11l5.2-1.8z";
const GROUP_MS = 5 * 60_000;

export class Log {
  #lines = new Map(); // by id or client id → {line, node, state}

  /** `ask` sends the visitor's wish for a person, `retry` a message again. */
  constructor(texts, { ask, retry }) {
    this.texts = texts;
    this.retry = retry;
    this.clock = new Intl.DateTimeFormat(texts.tag, { timeStyle: "short" });
    this.calendar = new Intl.DateTimeFormat(texts.tag, { day: "numeric", month: "long", year: "numeric" });
    this.greeting = h("div", { className: "greeting" }, h("p", { textContent: texts.hello }), h("p", { textContent: texts.hint }));
    this.dots = h("p", { className: "dots", hidden: true }, h("i"), h("i"), h("i"), h("span", { className: "aside", textContent: texts.typing }));
    this.person = h("button", { type: "button", className: "person", textContent: texts.person, hidden: true, onclick: ask });
    this.list = h("div", { className: "lines" });
    this.node = h(
      "div",
      { className: "log", role: "log", tabIndex: 0, "aria-label": texts.log, "aria-relevant": "additions" },
      this.greeting,
      this.list,
      this.person,
      this.dots,
    );
  }

  get size() {
    return this.#lines.size;
  }

  clear() {
    this.#lines.clear();
    this.list.replaceChildren();
  }

  /** Replies with a higher id. */
  after(id) {
    return [...this.#lines.values()].filter(({ line }) => line.direction === "out" && line.id > id);
  }

  /** Put lines where they belong; what is there already is not put twice. Returns those that were new. */
  add(lines) {
    const fresh = lines.filter((line) => {
      if (this.#lines.has(line.id)) return false;
      const own = line.client_id && this.#lines.get(line.client_id);
      if (own) this.settle(line.client_id, line.id, line.created_at);
      else this.#place(line, "sent");
      return !own;
    });
    if (lines.length) this.#tidy();
    return fresh;
  }

  /** A message of the visitor's that is not accepted yet. */
  addOwn(item) {
    if (this.#lines.has(item.client_id)) return this.state(item.client_id, "sending");
    const line = { id: "", client_id: item.client_id, direction: "in", author: { type: "customer", name: "" }, text: item.text, created_at: item.at };
    this.#place(line, item.failed ? "failed" : "sending");
    return this.#tidy();
  }

  /** An own message got its id. */
  settle(client_id, id, created_at) {
    const entry = this.#lines.get(client_id);
    if (!entry || entry.line.id) return;
    entry.line = { ...entry.line, id, created_at: created_at || entry.line.created_at };
    this.#lines.set(id, entry);
    this.#lines.delete(client_id);
    this.#insert(entry);
    this.state(id, "sent");
  }

  state(key, state) {
    const entry = this.#lines.get(key);
    if (!entry || entry.state === state) return;
    entry.state = state;
    this.#tidy();
  }

  typing(shown) {
    this.dots.hidden = !shown;
    if (shown) this.#follow();
  }

  toEnd() {
    this.node.scrollTop = this.node.scrollHeight;
  }

  #follow() {
    const { scrollTop, scrollHeight, clientHeight } = this.node;
    if (scrollHeight - scrollTop - clientHeight < 160) this.toEnd();
  }

  #place(line, state) {
    const own = line.direction === "in";
    const machine = line.author.type === "machine";
    const who = h("p", { className: "who" }, own ? this.texts.you : line.author.name || (machine ? "" : this.texts.team));
    if (machine) who.append(h("span", { className: "tag" }, icon(SPARK), this.texts.machine));
    const node = h(
      "div",
      { className: `line ${own ? "own" : "their"}${machine ? " machine" : ""}` },
      who,
      h("div", { className: "text" }, ...linked(line.text)),
      h("p", { className: "meta" }),
    );
    const entry = { line, node, state };
    this.#lines.set(line.id || line.client_id, entry);
    this.#insert(entry);
  }

  /** By id, which is by time; what has no id yet comes last. */
  #insert(entry) {
    entry.node.dataset.id = entry.line.id || "~";
    let next = null;
    for (let node = this.list.lastChild; node; node = node.previousSibling) {
      if (node === entry.node) continue;
      if (node.dataset.id <= entry.node.dataset.id) break;
      next = node;
    }
    if (entry.node.parentNode !== this.list || entry.node.nextSibling !== next) this.list.insertBefore(entry.node, next);
  }

  /** Days, groups, states and the way to a person, once over all lines. */
  #tidy() {
    const entries = new Map([...this.#lines.values()].map((entry) => [entry.node, entry]));
    const shown = [...this.list.children].map((node) => entries.get(node));
    shown.forEach((entry, index) => {
      const before = shown[index - 1];
      const next = shown[index + 1];
      const day = this.#day(entry.line);
      entry.node.classList.toggle("joined", Boolean(before) && this.#together(before, entry));
      entry.node.classList.toggle("last", !next || !this.#together(entry, next));
      entry.node.dataset.state = entry.state;
      if (before && this.#day(before.line) === day) delete entry.node.dataset.day;
      else entry.node.dataset.day = day;
      this.#meta(entry);
    });
    this.greeting.classList.toggle("small", shown.length > 0);
    const latest = shown.at(-1)?.line;
    this.person.hidden = latest?.author.type !== "machine";
    this.#follow();
  }

  #meta(entry) {
    const { line, node, state } = entry;
    const meta = node.querySelector(".meta");
    const time = this.clock.format(new Date(line.created_at));
    const words = line.direction === "out" ? time : state === "sent" ? `${time} · ${this.texts.sent}` : this.texts[state];
    if (meta.dataset.words === words) return;
    meta.dataset.words = words;
    meta.replaceChildren(words);
    if (state === "held" || state === "failed") {
      const key = line.client_id;
      meta.append(" ", h("button", { type: "button", className: "retry", textContent: this.texts.retry, onclick: () => this.retry(key) }));
    }
  }

  #together(a, b) {
    return (
      a.line.direction === b.line.direction &&
      a.line.author.type === b.line.author.type &&
      a.line.author.name === b.line.author.name &&
      new Date(b.line.created_at) - new Date(a.line.created_at) < GROUP_MS &&
      this.#day(a.line) === this.#day(b.line)
    );
  }

  #day(line) {
    const day = new Date(line.created_at).toDateString();
    if (day === new Date().toDateString()) return this.texts.today;
    if (day === new Date(Date.now() - 86_400_000).toDateString()) return this.texts.yesterday;
    return this.calendar.format(new Date(line.created_at));
  }
}
