// Says that the task lies before somebody's eyes, once the page has been seen for a moment: a prefetched or hidden page says nothing.

import { csrfToken } from "./words.js";

const SEEN_MS = 800;

export function connectOpened() {
  const mark = document.querySelector("[data-opened]");
  if (!mark) return;
  let waiting = 0;
  const watch = () => {
    clearTimeout(waiting);
    if (document.visibilityState === "visible") waiting = setTimeout(say, SEEN_MS);
  };
  const say = () => {
    document.removeEventListener("visibilitychange", watch);
    fetch(mark.dataset.opened, { method: "POST", headers: { "X-CSRFToken": csrfToken() } }).catch(() => {});
  };
  document.addEventListener("visibilitychange", watch);
  watch();
}
