// Loaded by every page: htmx, the Bootstrap parts that pages use, keyboard. Behaviour lives on the server.

import "./index.css";
import "bootstrap/js/dist/alert.js";
import "bootstrap/js/dist/collapse.js";
import "bootstrap/js/dist/dropdown.js";
import "bootstrap/js/dist/modal.js";
import "bootstrap/js/dist/offcanvas.js";
import "bootstrap/js/dist/tab.js";
import { connectHtmx } from "./htmx.js";
import { connectKeyboard } from "./keyboard.js";

connectHtmx();
connectKeyboard();
