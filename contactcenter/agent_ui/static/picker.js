// Type-ahead in a menu: letters narrow it, the arrow goes to what is left, Enter takes the first.
const entries = (field) => [...field.closest("[data-filtered]").querySelectorAll(".menu-item")];
const shown = (field) => entries(field).filter((entry) => !entry.hidden);

function narrow(field) {
  const wanted = field.value.trim().toLowerCase();
  const menu = field.closest("[data-filtered]");
  for (const entry of entries(field)) {
    const words = `${entry.dataset.words ?? ""} ${entry.textContent}`.toLowerCase();
    entry.hidden = wanted !== "" && ("again" in entry.dataset || !words.includes(wanted));
  }
  for (const part of menu.querySelectorAll(".menu-title, hr")) part.hidden = wanted !== "";
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-filter]")) narrow(event.target);
});

document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("[data-filter]") || event.isComposing) return;
  if (event.key === "Enter") shown(event.target)[0]?.click();
  else if (event.key === "ArrowDown") shown(event.target)[0]?.focus();
  else return;
  event.preventDefault();
});

document.addEventListener("toggle", (event) => {
  const field = event.target.open === false ? event.target.querySelector?.("[data-filter]") : null;
  if (!field) return;
  field.value = "";
  narrow(field);
}, true);
