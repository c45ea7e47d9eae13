// The socket: comes back by itself, sends what is unsent one by one, never believes a message sent before we are told.

const ACCEPT_MS = 15_000; // without an answer to a message the connection is taken for dead
const HELD_MS = 5_000; // after which a message that waits is shown as "not sent yet"
const BACK_OFF_MS = [500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000];
const FINAL = new Set(["too-long", "empty", "malformed", "refused"]);

export const newId = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
};

const later = (after, attempt) => after || BACK_OFF_MS[Math.min(attempt, BACK_OFF_MS.length - 1)] * (0.75 + Math.random() / 2);

export class Connection {
  #socket = null;
  #ready = false;
  #attempt = 0;
  #pending = ""; // client id on its way
  #last = "";
  #visitor = "";
  #timers = {};

  /** `on` has: status(word), lines(list, visitorIsNew), accepted(client_id, id), held(client_id), failed(client_id), typing(). */
  constructor(url, store, profile, on) {
    Object.assign(this, { url, store, profile, on });
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
  }

  get started() {
    return Boolean(this.#socket || this.#timers.connect);
  }

  /** Connect unless connected; the one way in. */
  start() {
    if (this.#socket) return;
    this.#cancel("connect");
    this.on.status("connecting");
    const socket = (this.#socket = new WebSocket(this.url));
    socket.onopen = () => {
      const { token, name, email } = this.store.read();
      this.#send({ type: "hello", token, name, email, after: this.#last || undefined, ...this.profile() });
    };
    socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => this.#lost(event.code === 1008 ? 30_000 : 0);
  }

  /** The visitor, or the browser, thinks that it may work now. */
  retry(impatient = false) {
    if (!this.started) return;
    this.#attempt = 0;
    if (impatient && this.#pending) this.#lost(1);
    else if (this.#socket) this.#flush();
    else this.start();
  }

  /** Tell when a message is still not accepted after a while. */
  watch(client_id) {
    this.#timer(`held ${client_id}`, HELD_MS, () => this.on.held(client_id));
  }

  say(item) {
    this.store.keep(item);
    this.watch(item.client_id);
    if (this.#socket) this.#flush();
    else this.start();
  }

  typing() {
    if (!this.#ready || this.#timers.typing) return;
    this.#timer("typing", 3_000, () => {});
    this.#send({ type: "typing" });
  }

  #send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #receive(frame) {
    if (frame.type === "welcome") this.#welcome(frame);
    else if (frame.type === "line") this.#line(frame);
    else if (frame.type === "accepted") this.#accepted(frame);
    else if (frame.type === "problem") this.#problem(frame);
    else if (frame.type === "typing") this.on.typing();
  }

  #welcome(frame) {
    const another = this.#visitor !== "" && this.#visitor !== frame.visitor;
    this.#visitor = frame.visitor;
    this.#ready = true;
    this.#attempt = 0;
    this.store.set({ token: frame.token });
    this.on.status("online");
    // What a page before this one acknowledged is not told again.
    const mark = this.store.get("acked");
    this.#show(frame.lines, another, (line) => line.id > mark);
    this.#flush();
  }

  #line(line) {
    this.#show([line], false, () => true);
    this.#flush();
  }

  #show(lines, another, isNew) {
    for (const line of lines) {
      if (line.id > this.#last) this.#last = line.id;
      if (line.client_id) this.#settle(line.client_id);
    }
    this.on.lines(lines, another);
    let acked = this.store.get("acked");
    for (const { id } of lines.filter((line) => line.direction === "out" && isNew(line))) {
      this.#send({ type: "ack", id });
      if (id > acked) acked = id;
    }
    if (acked) this.store.set({ acked });
  }

  #accepted({ client_id, id }) {
    if (id > this.#last) this.#last = id;
    this.#settle(client_id);
    this.#attempt = 0;
    this.on.accepted(client_id, id);
    this.#flush();
  }

  #settle(client_id) {
    this.store.drop(client_id);
    this.#cancel(`held ${client_id}`);
    if (this.#pending === client_id) this.#rest();
  }

  #problem({ code, client_id, retry_after = 0 }) {
    if (!client_id) {
      if (retry_after) this.#lost(retry_after * 1_000);
      return;
    }
    if (this.#pending === client_id) this.#rest();
    if (FINAL.has(code)) {
      const item = this.store.unsent.find((one) => one.client_id === client_id);
      if (item) this.store.keep({ ...item, failed: true });
      this.#cancel(`held ${client_id}`);
      this.on.failed(client_id);
      this.#flush();
    } else {
      this.on.held(client_id);
      this.#timer("flush", later(retry_after * 1_000, this.#attempt++), () => this.#flush());
    }
  }

  #rest() {
    this.#pending = "";
    this.#cancel("accept");
  }

  /** Send the oldest unsent message, when none is on its way. */
  #flush() {
    if (!this.#ready || this.#pending) return;
    const item = this.store.unsent.find((one) => !one.failed);
    if (!item) return;
    this.#cancel("flush");
    this.#pending = item.client_id;
    const { page, title } = this.profile();
    this.#send({ type: "say", client_id: item.client_id, text: item.text, page, title });
    this.#timer("accept", ACCEPT_MS, () => this.#lost(0));
  }

  #lost(wait) {
    if (!this.#socket) return;
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#socket = null;
    this.#ready = false;
    this.#rest();
    this.on.status("offline");
    this.#timer("connect", later(wait, this.#attempt++), () => this.start());
  }

  #timer(name, ms, action) {
    this.#cancel(name);
    this.#timers[name] = setTimeout(() => {
      delete this.#timers[name];
      action();
    }, ms);
  }

  #cancel(name) {
    clearTimeout(this.#timers[name]);
    delete this.#timers[name];
  }
}
