// Loader of the chat: <script src="https://desk.example/widget.js" async data-lang="en"></script>
// Options: data-lang (en, zh), data-title (heading), data-ask ("name email", what may be given before the first
// message; empty: nothing). The page may call window.contactcenter.open() and .close() at any time.
(() => {
  const script = document.currentScript;
  if (!script || window.contactcenter) return;
  const options = { ...script.dataset };
  const chat = import(new URL("./widget/app.js", script.src)).then((app) => app.mount(options));
  chat.catch((error) => console.warn("The chat could not be loaded.", error));
  window.contactcenter = Object.freeze({
    open: () => chat.then((it) => it.open()),
    close: () => chat.then((it) => it.close()),
  });
})();
