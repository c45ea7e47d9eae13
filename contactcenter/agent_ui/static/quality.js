// Machine quality: looks again when automatic answers change, by a colleague's hand or by the machine's own alarm.
const PAUSE = 400; // ms in which further changes are waited for

let again = 0;
let connected = false;

function look() {
  clearTimeout(again);
  again = setTimeout(async () => {
    const open = document.querySelector("#main details")?.open;
    await window.htmx.ajax("GET", location.pathname + location.search, { target: "#main", select: "#main", swap: "outerMorph" });
    const fold = document.querySelector("#main details");
    if (fold && open) fold.open = true;
  }, PAUSE);
}

document.addEventListener("live:event", (event) => event.detail.kind === "automation.changed" && look());
// A stream says "refresh" when it begins, too; what the page shows then is a moment old.
document.addEventListener("live:refresh", () => (connected ? look() : (connected = true)));
