// Classes for the way travelled, the present places, those that wait for somebody else, and those that failed.

export function mark(viewer, marks) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  for (const kind of ["way", "here", "wait", "bad"]) {
    for (const id of (marks[kind] || []).filter((name) => registry.get(name))) canvas.addMarker(id, kind);
  }
}
