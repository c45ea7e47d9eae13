// The number beside "Quarantine" in the rail, for those who have that place.
const place = document.getElementById("quarantine-count");

function look() {
  htmx.ajax("GET", "/quarantine/count", { source: place, target: place, swap: "innerHTML" }).catch(() => {});
}

if (place) {
  document.addEventListener("live:event", (event) => event.detail.kind === "quarantine.changed" && look());
  document.addEventListener("live:refresh", look);
  look();
}
