// What the browser keeps for the visitor: his token, and what he wrote that we have not accepted yet.
// Every change is read, changed and written at once, because other tabs of the same site write too.

export class Store {
  #memory = {};

  constructor(key) {
    this.key = key;
  }

  read() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key));
      if (kept && typeof kept === "object") return kept;
    } catch {
      // Storage is forbidden on this page, or somebody else wrote there: the chat then lasts as long as the page.
    }
    return this.#memory;
  }

  get(name) {
    const value = this.read()[name];
    return typeof value === "string" ? value : "";
  }

  set(changes) {
    this.#memory = { ...this.read(), ...changes };
    try {
      localStorage.setItem(this.key, JSON.stringify(this.#memory));
    } catch {
      // As above.
    }
  }

  /** Messages not accepted yet, oldest first: [{client_id, text, at, failed?}]. */
  get unsent() {
    const unsent = this.read().unsent;
    return Array.isArray(unsent) ? unsent.filter((item) => item?.client_id && typeof item.text === "string") : [];
  }

  keep(item) {
    const unsent = this.unsent;
    const at = unsent.findIndex((other) => other.client_id === item.client_id);
    unsent.splice(at < 0 ? unsent.length : at, at < 0 ? 0 : 1, item);
    this.set({ unsent });
  }

  drop(client_id) {
    const unsent = this.unsent;
    if (unsent.some((item) => item.client_id === client_id)) {
      this.set({ unsent: unsent.filter((item) => item.client_id !== client_id) });
    }
  }
}
