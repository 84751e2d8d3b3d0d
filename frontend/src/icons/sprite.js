// Puts the icons named in names.txt into one SVG: <svg class="icon"><use href="…/icons.svg#tabler-home"/></svg>

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

export function sprite(listFile) {
  const names = readFileSync(listFile, "utf8").split("\n").map((line) => line.trim()).filter(Boolean);
  return `<svg xmlns="http://www.w3.org/2000/svg">${names.map(symbol).join("")}</svg>\n`;
}

function symbol(name) {
  const file = require.resolve(`@tabler/icons/outline/${name}.svg`);
  const drawing = readFileSync(file, "utf8").replace(/<!--[^]*?-->/g, "").replace(/[^]*<svg[^>]*>|<\/svg>[^]*/g, "");
  return `<symbol id="tabler-${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" ` +
    `stroke-linecap="round" stroke-linejoin="round">${drawing.trim().replace(/\s*\n\s*/g, "")}</symbol>`;
}
