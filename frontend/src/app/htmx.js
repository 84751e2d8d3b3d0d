// htmx under a strict Content-Security-Policy: no eval, no injected styles; every request carries the CSRF token.

import htmx from "htmx.org";
import { csrfToken, say, toast } from "./words.js";

export function connectHtmx() {
  window.htmx = htmx;
  Object.assign(htmx.config, {
    allowEval: false,
    allowScriptTags: false,
    includeIndicatorStyles: false,
    selfRequestsOnly: true,
    historyCacheSize: 0,
  });
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = csrfToken();
  });
  document.addEventListener("htmx:sendError", (event) => {
    toast(say("failed"));
  });
  document.addEventListener("htmx:responseError", (event) => {
    toast(reason(event.detail.xhr));
  });
}

function reason(answer) {
  const page = new DOMParser().parseFromString(answer.responseText, "text/html");
  return page.querySelector(".alert > div")?.textContent.replace(/\s+/g, " ").trim() || say("failed");
}
