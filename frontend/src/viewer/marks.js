// Classes for the way travelled, the present places, those that wait for somebody else, and those that failed.

export function mark(viewer, marks) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  for (const kind of ["way", "here", "wait", "bad"]) {
    if (kind === "way") markStarts(canvas, registry, marks);
    for (const id of (marks[kind] || []).filter((name) => registry.get(name))) canvas.addMarker(id, kind);
  }
}

// A start is passed as soon as what follows it is passed or present; the history does not keep it.
function markStarts(canvas, registry, marks) {
  const reached = new Set([...(marks.way || []), ...(marks.here || []), ...(marks.bad || [])]);
  for (const start of registry.filter((element) => element.type === "bpmn:StartEvent")) {
    const taken = (start.outgoing || []).filter((flow) => reached.has(flow.target.id));
    if (taken.length) for (const element of [start, ...taken]) canvas.addMarker(element.id, "way");
  }
}
