// Panes: widths by dragging or arrow keys, remembered on this machine; the customer pane folds.
const LIMITS = { list: [260, 560], side: [240, 480] };
const root = document.documentElement;

function width(pane) {
  return document.querySelector(pane === "list" ? ".list" : ".side")?.getBoundingClientRect().width ?? 0;
}

function setWidth(pane, wanted) {
  const [least, most] = LIMITS[pane];
  const pixels = Math.round(Math.min(most, Math.max(least, wanted)));
  root.style.setProperty(`--${pane}`, `${pixels}px`);
  localStorage.setItem(`pane-${pane}`, String(pixels));
  document.querySelector(`[data-divider="${pane}"]`)?.setAttribute("aria-valuenow", String(pixels));
}

document.addEventListener("pointerdown", (event) => {
  const divider = event.target.closest?.("[data-divider]");
  if (!divider) return;
  const pane = divider.dataset.divider;
  const start = event.clientX;
  const before = width(pane);
  const sign = (pane === "list" ? 1 : -1) * (getComputedStyle(root).direction === "rtl" ? -1 : 1);
  const move = (moved) => setWidth(pane, before + sign * (moved.clientX - start));
  divider.setPointerCapture(event.pointerId);
  divider.classList.add("dragging");
  divider.addEventListener("pointermove", move);
  divider.addEventListener("pointerup", () => {
    divider.classList.remove("dragging");
    divider.removeEventListener("pointermove", move);
  }, { once: true });
  event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  const divider = event.target.closest?.("[data-divider]");
  if (!divider || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  const sign = divider.dataset.divider === "list" ? 1 : -1;
  setWidth(divider.dataset.divider, width(divider.dataset.divider) + sign * (event.key === "ArrowRight" ? 16 : -16));
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const toggle = event.target.closest("[data-toggle-side]");
  if (toggle) {
    const narrow = matchMedia("(max-width: 1179px)").matches;
    const next = narrow ? (root.dataset.side === "open" ? "" : "open") : root.dataset.side === "folded" ? "" : "folded";
    root.dataset.side = next;
    if (!narrow) localStorage.setItem("side-folded", next === "folded" ? "yes" : "no");
  } else if (root.dataset.side === "open" && !event.target.closest(".side")) {
    root.dataset.side = "";
  }
});
