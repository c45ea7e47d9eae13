// Live updates: hints from the stream, each answered by looking again at the part of the page it touches.
import { refreshList, refreshRow } from "./list.js";
import { announce, newWork } from "./notices.js";
import { text } from "./texts.js";

const body = document.body;

// A live look must not close a menu that somebody has open.
htmx.registerExtension("keep-open", {
  htmx_before_morph_attr: (element, detail) => !(detail.attrName === "open" && element.matches("details")),
});

// Runs soon after the first call, and once more when called meanwhile: bursts cost two looks, not fifty.
function gently(work, wait) {
  let timer = 0;
  let again = false;
  let running = false;
  const run = async () => {
    timer = 0;
    running = true;
    await Promise.resolve(work()).catch(() => {});
    running = false;
    if (again) {
      again = false;
      timer = setTimeout(run, wait);
    }
  };
  return () => {
    if (running) again = true;
    else if (!timer) timer = setTimeout(run, wait);
  };
}

const work = () => document.getElementById("work");

const story = () => document.getElementById("timeline-scroll");
const atEnd = (place) => place.scrollHeight - place.scrollTop - place.clientHeight < 80;

// What stands at the end of the story counts as seen once the end is in sight: a reply says what its writer has seen.
function noteSeen() {
  const place = story();
  const seen = document.getElementById("seen");
  if (!place || !seen || !atEnd(place)) return;
  seen.value = document.getElementById("timeline").dataset.newest;
  document.getElementById("below").hidden = true;
}

async function refreshTicket() {
  const here = work();
  if (!here?.dataset.ticket) return;
  const before = document.getElementById("timeline").dataset.newest;
  const low = atEnd(story());
  await htmx.ajax("GET", `/tickets/${here.dataset.ticket}/live${here.dataset.suffix}`, { source: here, swap: "none" });
  const after = document.getElementById("timeline")?.dataset.newest;
  if (!after || before === after) return;
  announce(text("message"));
  if (low) story().scrollTop = story().scrollHeight;
  else document.getElementById("below").hidden = false;
  noteSeen();
}

const ticketSoon = gently(refreshTicket, 120);
const listSoon = gently(refreshList, 150);
const countsSoon = gently(() => document.getElementById("views-rail")
  && htmx.ajax("GET", `/inbox/views${location.search}`, { source: document.getElementById("views-rail"), swap: "none" }), 900);
const waiting = new Set();
const rowsSoon = gently(async () => {
  const numbers = [...waiting];
  waiting.clear();
  if (numbers.length > 5) return refreshList();
  let missing = false;
  for (const number of numbers) if (!(await refreshRow(number))) missing = true;
  if (missing) await refreshList();
}, 150);

// The stream was refused: when nobody is signed in any more, go to where one signs in.
async function askWhy() {
  const response = await fetch("/inbox/views", { headers: { "HX-Request": "true" } }).catch(() => null);
  if (response?.headers.get("HX-Redirect")) location.assign(`/?next=${encodeURIComponent(location.pathname)}`);
}

function everything() {
  if (document.getElementById("rows")) {
    listSoon();
    countsSoon();
  }
  ticketSoon();
  document.dispatchEvent(new CustomEvent("live:refresh"));
}

function hear(event) {
  if (event.state) {
    const place = document.getElementById("live-state");
    if (place) place.textContent = event.state === "open" ? "" : place.dataset.lost;
    if (event.state === "refused") askWhy();
    return;
  }
  if (event.kind === "refresh") {
    everything();
    return;
  }
  document.dispatchEvent(new CustomEvent("live:event", { detail: event }));
  const here = work();
  const touches = here?.dataset.ticket && (String(event.ticket) === here.dataset.ticket
    || (event.conversation && event.conversation === here.dataset.conversation)
    || (event.customer && event.customer === here.dataset.customer));
  if (touches) ticketSoon();
  if (event.ticket && document.getElementById("rows")) {
    waiting.add(event.ticket);
    rowsSoon();
    countsSoon();
  }
  const mine = event.kind === "ticket.changed" && event.agent === body.dataset.agent;
  if (event.kind === "ticket.created" || mine) newWork();
}

document.addEventListener("scroll", (event) => {
  if (event.target.id === "timeline-scroll") noteSeen();
}, { capture: true, passive: true });

document.addEventListener("click", async (event) => {
  if (event.target.id === "below") story().scrollTo({ top: story().scrollHeight });
  if (event.target.closest("[data-look]")) {
    document.getElementById("composer-notice").replaceChildren();
    await refreshTicket();
    story().scrollTo({ top: story().scrollHeight });
  }
});
document.addEventListener("tickets-changed", () => { listSoon(); countsSoon(); });

function connect() {
  if (globalThis.SharedWorker) {
    const worker = new SharedWorker(body.dataset.worker, { name: "contactcenter-live" });
    worker.port.addEventListener("message", (message) => hear(message.data));
    worker.port.start();
    addEventListener("pagehide", () => worker.port.postMessage("bye"));
    return;
  }
  const source = new EventSource("/events");
  source.addEventListener("open", () => hear({ state: "open" }));
  source.addEventListener("refresh", () => hear({ kind: "refresh" }));
  source.addEventListener("message", (message) => hear(JSON.parse(message.data)));
  source.addEventListener("error", () => hear({ state: source.readyState === EventSource.CLOSED ? "refused" : "lost" }));
}
if (body.dataset.worker) {
  connect();
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
}
