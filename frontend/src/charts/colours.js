// The colours of the theme, read from its variables: light and dark alike.

export function colours() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  return {
    accent: read("--accent"), grey: read("--grey-dot"), ink: read("--ink-2"), strong: read("--ink"), line: read("--line"),
    surface: read("--surface"), off: read("--grey-soft"),
    lines: [1, 2, 3, 4, 5, 6, 7, 8].map((number) => read(`--line-${number}`)),
    stages: [1, 2, 3, 4, 5, 6, 7, 8].map((number) => read(`--line-${number}`)),
    lights: Object.fromEntries(["green", "amber", "red", "black", "grey"].map((name) => [name, read(`--${name}-dot`)])),
  };
}

export function words(colour) {
  return { color: colour.ink, fontFamily: "inherit", fontSize: 11 };
}

export function tip(colour) {
  return {
    backgroundColor: colour.surface, borderColor: colour.line, confine: true,
    textStyle: { color: colour.ink, fontFamily: "inherit", fontSize: 12 },
  };
}

export function shortDay(day) {
  const [, month, date] = day.split("-");
  return `${Number(month)}/${Number(date)}`;
}
