// Notice of new work: the count in the title, and, where the agent switched them on, a sound and a desktop note.
import { text } from "./texts.js";

const base = document.title;
let fresh = 0;

const wanted = (kind) => localStorage.getItem(`notice-${kind}`) === "yes";

for (const box of document.querySelectorAll("[data-notice]")) {
  box.checked = wanted(box.dataset.notice);
  box.addEventListener("change", async () => {
    if (box.checked && box.dataset.notice === "desktop" && (await Notification?.requestPermission()) !== "granted") {
      box.checked = false;
    }
    localStorage.setItem(`notice-${box.dataset.notice}`, box.checked ? "yes" : "no");
    if (box.checked && box.dataset.notice === "sound") beep();
  });
}

function beep() {
  const audio = new AudioContext();
  const gain = audio.createGain();
  gain.connect(audio.destination);
  gain.gain.setValueAtTime(0.0001, audio.currentTime);
  gain.gain.exponentialRampToValueAtTime(0.12, audio.currentTime + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.5);
  for (const [pitch, at] of [[659, 0], [880, 0.12]]) {
    const tone = audio.createOscillator();
    tone.frequency.value = pitch;
    tone.connect(gain);
    tone.start(audio.currentTime + at);
    tone.stop(audio.currentTime + 0.5);
  }
  setTimeout(() => audio.close(), 900);
}

function showTitle() {
  const bare = document.title.replace(/^\(\d+\) /, "") || base;
  document.title = fresh ? `(${fresh}) ${bare}` : bare;
}

let told = 0;

// Something waits for the agent while he looks elsewhere. Tabs are many and bursts happen: one sound in five seconds.
export function newWork() {
  if (!document.hidden) return;
  fresh += 1;
  showTitle();
  const last = Number(localStorage.getItem("notice-told")) || told;
  if (Date.now() - last < 5000) return;
  told = Date.now();
  localStorage.setItem("notice-told", String(told));
  if (wanted("sound")) beep();
  if (wanted("desktop") && globalThis.Notification?.permission === "granted") {
    const note = new Notification(text("work"), { tag: "contactcenter" });
    note.addEventListener("click", () => window.focus());
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  fresh = 0;
  showTitle();
});

export function announce(message) {
  const place = document.getElementById("announcer");
  if (place) place.textContent = message;
}
