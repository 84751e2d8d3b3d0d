// Adds a class to the elements that an instance has passed, stands at, or failed at.

const KINDS = ["done", "active", "failed"];

export function markElements(viewer, lists) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  for (const kind of KINDS) {
    for (const id of (lists[kind] || "").split(" ").filter((name) => registry.get(name))) {
      canvas.addMarker(id, `mark-${kind}`);
    }
  }
}
