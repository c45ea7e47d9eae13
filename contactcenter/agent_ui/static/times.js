// Keeps relative times current, and counts down to what is due.
import { text } from "./texts.js";

function span(seconds) {
  if (seconds < 60) return text("now");
  if (seconds < 3600) return text("minutes", Math.floor(seconds / 60));
  if (seconds < 86400) return text("hours", Math.floor(seconds / 3600));
  return text("days", Math.floor(seconds / 86400));
}

export function refreshTimes(scope = document) {
  const now = Date.now();
  for (const time of scope.querySelectorAll("time.ago")) {
    const age = (now - Date.parse(time.dateTime)) / 1000;
    if (age < 86400) {
      const words = span(Math.max(0, age));
      if (time.textContent !== words) time.textContent = words;
    }
  }
  for (const due of scope.querySelectorAll("time[data-due]")) {
    const left = (Date.parse(due.dateTime) - now) / 1000;
    due.classList.toggle("due-soon", left >= 0 && left < 1800);
    due.classList.toggle("due-late", left < 0);
    const words = text(left < 0 ? "overdue" : "due_in", span(Math.abs(left)));
    const holder = due.querySelector("span");
    if (holder && holder.textContent !== words) holder.textContent = words;
  }
}

setInterval(refreshTimes, 20000);
document.addEventListener("htmx:after:swap", () => refreshTimes());
refreshTimes();
