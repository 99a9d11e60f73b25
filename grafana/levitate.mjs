// Holds that the frontend uses nothing that the lowest Grafana of plugin.json lacks. The
// packages of that Grafana are downloaded for it, hence it is no part of the tests.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const levitate = '@grafana/levitate@0.17.2';
const { dependencies } = JSON.parse(readFileSync(new URL('src/plugin.json', import.meta.url), 'utf8'));
const lowest = dependencies.grafanaDependency.replace(/^>=/, '');
const target = ['data', 'ui', 'runtime'].map((name) => `@grafana/${name}@${lowest}`).join(',');

const { status } = spawnSync(
  'npx',
  ['--yes', levitate, 'is-compatible', '--path', 'src/module.ts', '--target', target],
  {
    stdio: 'inherit',
  }
);
process.exit(status ?? 1);
