// What a test asks of a page as it stands. Run by the browser itself; no part of any page.

window.pageChecks = {
  overlaps() {
    const shown = [...document.querySelectorAll("a[href], button, input, select, textarea, summary")].filter(isShown);
    const found = [];
    for (const [index, one] of shown.entries()) {
      for (const other of shown.slice(index + 1)) {
        if (one.contains(other) || other.contains(one) || isFixed(one) !== isFixed(other) || !cross(one, other)) continue;
        found.push(`${one.outerHTML.slice(0, 90)} × ${other.outerHTML.slice(0, 90)}`);
      }
    }
    return found;
  },

  texts() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const place = walker.currentNode.parentElement;
      if (!isData(place) && !place.closest("script, style, textarea, pre")) found.push(walker.currentNode.textContent);
    }
    for (const element of document.querySelectorAll("[aria-label], [placeholder], [title]")) {
      if (isData(element)) continue;
      found.push(...["aria-label", "placeholder", "title"].map((name) => element.getAttribute(name) || ""));
    }
    return found.map((text) => text.trim().replace(/\s+/g, " ")).filter(Boolean);
  },

  async barriers() {
    const rules = { runOnly: ["wcag2a", "wcag2aa"], resultTypes: ["violations"] };
    const { violations } = await window.axe.run(document, rules);
    return violations.filter((one) => ["serious", "critical"].includes(one.impact)).map(told);
  },
};

function isShown(element) {
  const box = element.getBoundingClientRect();
  if (box.width < 2 || box.height < 2 || box.bottom <= 0) return false;
  if (element.closest("dialog:not([open]), .diagram, details:not([open]) > :not(summary)")) return false;
  if (element.matches(".open, .link-row, .visually-hidden, .segments input, .skip")) return false;
  const list = element.closest(".options-long")?.getBoundingClientRect();
  if (list && (box.bottom > list.bottom || box.top < list.top)) return false; // scrolled out of its list
  const style = getComputedStyle(element);
  return style.visibility !== "hidden" && style.opacity !== "0";
}

function isFixed(element) {
  return element.closest(".bottom, .top, .rail, .work-actions, .action-bar") !== null;
}

function cross(one, other) {
  const a = one.getBoundingClientRect();
  const b = other.getBoundingClientRect();
  const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return wide > 3 && high > 3;
}

function isData(element) {
  return element.closest('[lang="zh-CN"]:not(html), .initial, .diagram, template') !== null;
}

function told({ id, nodes }) {
  const first = nodes.slice(0, 2).map((node) => `${node.html.slice(0, 160)} ${node.any.map((any) => any.message).join()}`);
  return `${id}: ${first.join(" | ")}`;
}
