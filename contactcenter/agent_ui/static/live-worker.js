// One stream of events for all tabs of this browser: a browser opens few connections to a host, and each tab needs some.
const ports = new Set();
let source = null;

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function open() {
  source = new EventSource("/events");
  source.addEventListener("open", () => tell({ state: "open" }));
  source.addEventListener("refresh", () => tell({ kind: "refresh" }));
  source.addEventListener("message", (event) => tell(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    const refused = source.readyState === EventSource.CLOSED; // an answer, but no stream: signed out, perhaps
    tell({ state: refused ? "refused" : "lost" });
    if (refused) {
      source = null;
      setTimeout(() => { if (ports.size && !source) open(); }, 5000);
    }
  });
}

self.addEventListener("connect", (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.addEventListener("message", (message) => {
    if (message.data !== "bye") return;
    ports.delete(port);
    if (!ports.size && source) {
      source.close();
      source = null;
    }
  });
  port.start();
  if (!source) open();
});
