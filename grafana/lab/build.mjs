// Builds the lab's page in lab/dist.
import { build } from 'esbuild';
import { cpSync, rmSync } from 'node:fs';

const here = new URL('.', import.meta.url).pathname;

rmSync(`${here}dist`, { recursive: true, force: true });
await build({
  entryPoints: [`${here}src/main.tsx`],
  outdir: `${here}dist`,
  bundle: true,
  format: 'esm',
  splitting: true,
  jsx: 'automatic',
  logLevel: 'error',
  // In development @grafana/runtime wants loggers that only Grafana has.
  define: { 'process.env.NODE_ENV': '"production"' },
  loader: { '.svg': 'dataurl', '.ttf': 'file', '.woff2': 'file' },
});
cpSync(`${here}index.html`, `${here}dist/index.html`);
