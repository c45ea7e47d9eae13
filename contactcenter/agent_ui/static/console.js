// The console's browser side: small modules over server-rendered pages. htmx swaps; these add what HTML cannot do.
import "./menus.js";
import "./picker.js";
import "./notices.js";
import "./panes.js";
import "./times.js";
import "./sheets.js";
import "./list.js";
import "./composer.js";
import "./keys.js";
import "./live.js";
import "./badge.js";
