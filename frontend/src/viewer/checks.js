// The list of a check's findings: pressing one brings its element into view and outlines it.

const FOCUS = "focus";

export function connectChecks(viewer, place) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  const buttons = [...document.querySelectorAll(`[data-element][data-for="${place.id}"]`)];
  for (const button of buttons) {
    const element = registry.get(button.dataset.element);
    if (!element) continue;
    canvas.addMarker(element.id, button.dataset.level === "error" ? "bad" : "wait");
    button.addEventListener("click", () => {
      buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
      registry.forEach((other) => canvas.removeMarker(other, FOCUS));
      canvas.addMarker(element.id, FOCUS);
      canvas.scrollToElement(element, 60);
      place.scrollIntoView({ block: "nearest" });
    });
  }
}
