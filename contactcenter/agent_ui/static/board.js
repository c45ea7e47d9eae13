// The live board: looks again every two seconds and at every live event, and counts the waits on in between.
const EVERY = 2000; // ms
const PAUSE = 400; // ms between two looks at least
const OLD = 10_000; // ms after which figures are said to be old

let looking = false;
let again = 0;
let fetched = performance.now();
let at = board().dataset.at;

function board() {
  return document.getElementById("board");
}

async function look() {
  clearTimeout(again);
  if (looking || document.hidden) return plan(EVERY);
  looking = true;
  try {
    await window.htmx.ajax("GET", board().dataset.source, { source: "#board", target: "#board", swap: "outerMorph" });
  } catch {
    // The state line below says it when it lasts.
  }
  looking = false;
  if (board().dataset.at !== at) {
    at = board().dataset.at;
    fetched = performance.now();
    count();
  }
  plan(EVERY);
}

function plan(wait) {
  clearTimeout(again);
  again = setTimeout(look, wait);
}

function duration(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${board().dataset.days.replace("{n}", Math.floor(hours / 24))} ${two(hours % 24)}:${two(minutes % 60)}`;
  return hours ? `${hours}:${two(minutes % 60)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function count() {
  const age = performance.now() - fetched;
  for (const time of document.querySelectorAll("#board [data-since]")) {
    time.textContent = duration(Number(time.dataset.since) + Math.floor(age / 1000));
  }
  const state = document.getElementById("board-state");
  const words = age > OLD ? state.dataset.lost : "";
  if (state.textContent !== words) state.textContent = words;
  const clock = document.getElementById("board-clock");
  if (clock) clock.textContent = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
}

document.addEventListener("visibilitychange", () => document.hidden || plan(0));
document.addEventListener("live:event", () => plan(PAUSE));
document.addEventListener("live:refresh", () => plan(0));
setInterval(count, 1000);
count();
plan(EVERY);
