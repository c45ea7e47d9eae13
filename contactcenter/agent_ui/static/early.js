// Runs before the first paint: gives back the panes' widths and tells the server our time zone, so nothing jumps.
(() => {
  const root = document.documentElement;
  try {
    for (const pane of ["list", "side"]) {
      const width = Number(localStorage.getItem(`pane-${pane}`));
      if (width >= 200 && width <= 640) root.style.setProperty(`--${pane}`, `${width}px`);
    }
    if (localStorage.getItem("side-folded") === "yes") root.dataset.side = "folded";
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && !document.cookie.includes(`zone=${zone}`)) {
      document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;
    }
  } catch {
    // Storage may be switched off; the page works without it.
  }
})();
