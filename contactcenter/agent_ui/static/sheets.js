// Sheets (a stranger's HTML in a sandboxed frame) get the height of their content. No script runs in them.
const watched = new WeakSet();

function fit(frame) {
  const page = frame.contentDocument?.documentElement;
  const body = frame.contentDocument?.body;
  if (!body) return;
  frame.style.blockSize = `${Math.min(20000, Math.max(24, body.scrollHeight, page.offsetHeight))}px`;
}

function watch(frame) {
  if (watched.has(frame)) return;
  watched.add(frame);
  const begin = () => {
    const body = frame.contentDocument?.body;
    if (!body || frame.contentDocument.URL === "about:blank") return;
    fit(frame);
    new ResizeObserver(() => fit(frame)).observe(body);
  };
  frame.addEventListener("load", begin);
  begin();
}

function watchAll() {
  for (const frame of document.querySelectorAll("iframe.sheet")) watch(frame);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-pictures]");
  if (!button) return;
  const id = button.dataset.pictures;
  const frame = document.getElementById(`sheet-${id}`);
  if (frame) frame.src = `/messages/${id}/sheet?pictures=1`;
  document.getElementById(`held-${id}`)?.remove();
});

document.addEventListener("htmx:after:swap", watchAll);
watchAll();
