// Loaded by every page. Behaviour lives on the server wherever it can; here is what only a browser can do.

import "./index.css";
import { connectAhead } from "./ahead.js";
import { connectConfirm } from "./confirm.js";
import { connectDrafts } from "./drafts.js";
import { connectForms } from "./forms.js";
import { connectHtmx } from "./htmx.js";
import { connectKeep } from "./keep.js";
import { connectKeyboard } from "./keyboard.js";
import { connectLists } from "./lists.js";
import { connectMenus } from "./menus.js";
import { connectOpened } from "./opened.js";
import { connectRows } from "./rows.js";
import { connectSheets } from "./sheets.js";
import { connectSubmit } from "./submit.js";
import { connectUploads } from "./uploads.js";

connectHtmx();
connectMenus();
connectKeyboard();
connectConfirm();
connectKeep();
connectSubmit();
connectLists();
connectRows();
connectForms(document);
connectDrafts();
connectUploads();
connectAhead();
connectSheets();
connectOpened();
document.documentElement.dataset.ready = "true";
