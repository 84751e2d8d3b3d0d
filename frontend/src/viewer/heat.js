// How long tokens stay: a colour for each element, its numbers below it, how often they came back above it.

// Words shrink with the diagram, but not below what can be read; very small diagrams have colours only.
const SHOWN = { show: { minZoom: 0.28 }, scale: { min: 0.62, max: 1.2 } };

export function heat(viewer, heats) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  const overlays = viewer.get("overlays");
  for (const [id, { level, badge, again }] of Object.entries(heats)) {
    const element = registry.get(id);
    if (!element || element.waypoints) continue;
    canvas.addMarker(id, `heat-${level}`);
    if (badge) overlays.add(id, "heat", { ...SHOWN, position: { bottom: 6, left: 2 }, html: label("heat-badge", badge) });
    if (again) overlays.add(id, "heat", { ...SHOWN, position: { top: -10, right: 22 }, html: label("heat-again", `↺${again}`) });
  }
}

export function notesOf(heats) {
  return Object.fromEntries(Object.entries(heats).filter(([, one]) => one.note).map(([id, one]) => [id, one.note]));
}

function label(name, text) {
  const element = document.createElement("div");
  element.className = name;
  element.textContent = text;
  return element;
}
