// Builds every folder of src/ that has an index.js into workflow_service/web/static/built/<folder>.js and .css,
// draws the icon sprite, and puts compressed copies beside each text file.

import { build, context } from "esbuild";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { sprite } from "./src/icons/sprite.js";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "src");
const target = join(here, "../workflow_service/web/static/built");
const SMALLEST_WORTH_COMPRESSING = 1024;

const entries = readdirSync(source).filter((name) => existsSync(join(source, name, "index.js")));

const options = {
  entryPoints: Object.fromEntries(entries.map((name) => [name, join(source, name, "index.js")])),
  outdir: target,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["chrome90", "firefox90", "safari15"],
  minify: true,
  legalComments: "linked",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  logLevel: "warning",
  define: { "process.env.NODE_ENV": '"production"' },
  loader: Object.fromEntries([".woff2", ".woff", ".ttf", ".eot", ".svg"].map((ending) => [ending, "file"])),
};

function compress() {
  for (const name of readdirSync(target)) {
    const file = join(target, name);
    if (/\.(js|css|svg)$/.test(name) && statSync(file).size > SMALLEST_WORTH_COMPRESSING) {
      const content = readFileSync(file);
      writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
      writeFileSync(`${file}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
    }
  }
}

if (process.argv.includes("--watch")) {
  await (await context(options)).watch();
} else {
  rmSync(target, { recursive: true, force: true });
  await build(options);
  writeFileSync(join(target, "icons.svg"), sprite(join(source, "icons/names.txt")));
  compress();
}
