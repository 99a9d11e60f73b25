// Goes through the editors and every dashboard in Chromium, as a person would:
//
//	node e2e.mjs URL TOKEN FOLDER
//
// The lab is at URL; dorado serve knows TOKEN; screenshots go to FOLDER. Errors of the
// page, answers of 400 and more, panels with an error or unexpectedly without data, and
// serious findings of axe fail.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const [url, token, folder] = process.argv.slice(2);
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
mkdirSync(folder, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const size = { width: 1280, height: 900 };
const page = await browser.newPage({ viewport: size });
const patience = Number(process.env.LAB_TIMEOUT ?? 60_000); // machines can be slow
page.setDefaultTimeout(patience);

const wrong = [];
let isRefusalExpected = false;
page.on('pageerror', (error) => wrong.push(`error of the page: ${error.stack ?? error}`));
page.on('response', (response) => {
  // Fonts and some icons are Grafana's, and in none of its packages.
  const isGrafanas = /\/public\/(fonts|build)\//.test(response.url());
  if (response.status() >= 400 && !isRefusalExpected && !isGrafanas) {
    wrong.push(`${response.status()} ${response.request().method()} ${response.url()}`);
  }
});

const began = Date.now();

async function step(name, run) {
  const before = wrong.length;
  try {
    await run();
  } finally {
    await page.screenshot({ path: `${folder}/${name.replaceAll(' ', '-')}.png`, fullPage: true });
  }
  assert.deepEqual(wrong.slice(before), [], name);
  console.log(`${((Date.now() - began) / 1000).toFixed(1)} s  ${name}`);
}

const open = (query) => page.goto(`${url}/?${query}`);

/** The query that the editor has made, once it is as wanted. */
async function query(wanted) {
  await page.waitForFunction((wanted) => {
    const query = JSON.parse(document.querySelector('[data-testid=query]')?.textContent ?? '{}');
    return Object.entries(wanted).every(([key, value]) => JSON.stringify(query[key]) === JSON.stringify(value));
  }, wanted);
}

async function choose(label, option) {
  await page.getByRole('combobox', { name: label, exact: true }).click();
  await page.getByRole('option', { name: option, exact: true }).first().click();
}

/** Waits for the panels, and holds that none has an error. */
async function settled() {
  await page.waitForLoadState('networkidle');
  await page.waitForTimeout(500);
  const errors = await page.locator('[data-testid="data-testid Panel status error"]').count();
  assert.equal(errors, 0, 'panels have errors');
  assert.equal(await page.getByTestId('no-stand-in').count(), 0, 'panels have no stand-in');
}

/** Makes the window as high as the page: tables draw only what is in the window. */
async function unfold() {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ ...size, height });
}

/** Panels of dashboards that may have nothing to show in the demo. */
const mayBeEmpty = /^Our numbers and PagerDuty's$|^Mapped to no service$|^Freezes$|: records left out$/;

const header = 'data-testid Panel header ';
const panelNamed = (title) => page.getByTestId(header + title).first();

/** The panels that show nothing, or say that they have no data where they must have some. */
async function wronglyEmpty() {
  const empty = await page.evaluate(
    ({ header }) =>
      [...document.querySelectorAll(`section[data-testid^="${header}"]`)]
        .map((panel) => {
          const title = panel.getAttribute('data-testid').slice(header.length);
          const text = panel.querySelector('[data-testid="data-testid panel content"]')?.innerText.trim() ?? '';
          const isDrawn =
            panel.querySelector('canvas, svg[role=img], [role=grid] [role=gridcell], [data-testid=row]') !== null;
          return { title, hasNoData: text === 'No data', isBlank: text === '' && !isDrawn };
        })
        .filter(({ hasNoData, isBlank }) => hasNoData || isBlank),
    { header }
  );
  return empty.filter(({ title, isBlank }) => title !== '' && (isBlank || !mayBeEmpty.test(title)));
}

/** Holds that every panel shows something; on a slow machine the last take a while. */
async function filled() {
  const began = Date.now();
  let empty = await wronglyEmpty();
  while (empty.length > 0 && Date.now() - began < patience) {
    await page.waitForTimeout(500);
    empty = await wronglyEmpty();
  }
  assert.deepEqual(empty, [], 'panels are empty');
}

/** Holds that axe finds nothing serious in the editor, which is ours. */
async function accessible() {
  await page.addScriptTag({ path: axe });
  const { violations } = await page.evaluate(
    // The colours of the elements are those of Grafana's theme.
    () => window.axe.run('[data-testid=editor]', { rules: { 'color-contrast': { enabled: false } } })
  );
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join('\n  ')}`
    );
  assert.deepEqual(serious, []);
}

await step('config without a token', async () => {
  await open('view=config');
  isRefusalExpected = true;
  await page.getByRole('button', { name: 'Save & test' }).click();
  await page.getByText('The server wants a token').waitFor();
  isRefusalExpected = false;
});

await step('config', async () => {
  await page.getByLabel(/^Token/).fill(token);
  await page.getByRole('button', { name: 'Save & test' }).click();
  await page.getByText(/snapshot 0\d+ with data up to/).waitFor();
  assert.ok(await page.getByLabel(/^Token/).isDisabled(), 'the token is shown after it was saved');
  await accessible();
});

await step('query of a metric', async () => {
  await open('view=query');
  await page.locator('canvas').first().waitFor();
  await choose('Metric', /^Change lead time/);
  await choose('Grain', 'Week');
  await choose('Group by', 'Team');
  await query({ metric: 'change_lead_time', grain: 'week', by: 'team' });
  await settled();
  await page.locator('canvas').first().waitFor();
  await accessible();
});

await step('query as a table', async () => {
  await page.getByRole('radio', { name: 'Table', exact: true }).click();
  await query({ format: 'table' });
  await page.getByRole('grid').waitFor();
  await settled();
});

await step('query of a metric as SQL', async () => {
  await page.getByRole('radio', { name: 'Time series', exact: true }).click();
  await page.getByRole('button', { name: 'Show SQL' }).click();
  await page.getByText('from metrics.change_lead_time(').waitFor();
  await page.getByRole('button', { name: 'Edit as SQL' }).click();
  await query({ queryType: 'sql', format: 'time_series' });
  await page.locator('.monaco-editor').first().waitFor();
  await page.locator('canvas').first().waitFor();
  await settled();
});

await step('completion of SQL', async () => {
  await page.locator('.monaco-editor').first().click();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('select * from core.', { delay: 20 });
  await page.keyboard.press('Control+Space');
  await page.locator('.suggest-widget').getByText('availability', { exact: true }).first().waitFor();
});

await step('query of SQL by keyboard', async () => {
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+A');
  await page.keyboard.type(
    "select $__timeGroup(finished_at, '1 week') as time, count(*) as n from core.deployments where $__timeFilter(finished_at) group by all order by all",
    { delay: 5 }
  );
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('radio', { name: 'Table', exact: true }).click();
  await page.getByRole('grid').getByText('time', { exact: true }).waitFor();
  await settled();
});

await step('explain', async () => {
  await page.getByRole('radio', { name: 'Explain', exact: true }).click();
  await page.getByRole('grid').getByText('Left out because', { exact: true }).waitFor();
  await settled();
  await accessible();
});

await step('slo', async () => {
  await page.getByRole('radio', { name: 'SLO', exact: true }).click();
  await page.getByRole('grid').getByText('Budget left', { exact: true }).waitFor();
  await settled();
  await accessible();
});

await step('metric by keyboard alone', async () => {
  await open('view=query');
  await page.getByRole('combobox', { name: 'Metric', exact: true }).waitFor();
  await page.waitForLoadState('networkidle');
  await page.getByRole('radio', { name: 'Metric' }).focus();
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab');
    if (
      await page
        .getByRole('combobox', { name: 'Group by', exact: true })
        .evaluate((element) => element === document.activeElement)
    ) {
      break;
    }
  }
  await page.keyboard.press('ArrowDown');
  await page.getByRole('option', { name: 'Service' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => /"by": "(?!none)/.test(document.querySelector('[data-testid=query]').textContent));
  await settled();
});

await step('variable', async () => {
  await open('view=variable');
  await choose('Dimension', 'Team');
  await query({ dimension: 'team' });
  await page.getByRole('grid').waitFor();
  await settled();
  await accessible();
});

await step('annotation', async () => {
  await open('view=annotation');
  await choose('Show', /^Incidents/);
  await query({ kinds: ['incident'] });
  await page.getByRole('grid').getByText('timeEnd').waitFor();
  await settled();
  await accessible();
});

for (const name of await (await fetch(`${url}/dashboards`)).json()) {
  for (const theme of ['dark', 'light']) {
    await step(`${name} ${theme}`, async () => {
      await open(`dashboard=${name}&theme=${theme}`);
      await page.locator('section').first().waitFor();
      await settled();
      await unfold();
      await settled();
      await filled();
    });
    await page.setViewportSize(size);
  }
}

await step('a variable changes a panel', async () => {
  await open('dashboard=overview');
  await page.locator('section').first().waitFor();
  await settled();
  const shown = async (before) => {
    const began = Date.now();
    while (Date.now() - began < patience) {
      const value = parseFloat((await panelNamed('Deployment frequency').innerText()).split('\n').at(-1));
      if (!Number.isNaN(value) && value !== before) {
        return value;
      }
      await page.waitForTimeout(200);
    }
    throw new Error(`the panel shows no number other than ${before}`);
  };
  const before = await shown();
  const [asked] = await Promise.all([
    page.waitForRequest((request) => {
      const text = request.postData() ?? '';
      return text.includes('"deployment_frequency"') && text.includes('"payments"') && text.includes('"total"');
    }),
    choose('Team', 'payments').then(() => page.keyboard.press('Tab')), // who goes on has chosen
  ]);
  await settled();
  const { from, to } = asked.postDataJSON();
  const { url: server } = await (await fetch(`${url}/api/datasources/uid/dorado`)).json();
  const answer = await fetch(`${server}/api/v1/metrics/query`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      metric: 'deployment_frequency',
      from: new Date(Number(from)).toISOString(),
      to: new Date(Number(to)).toISOString(),
      filters: { team: ['payments'] },
    }),
  });
  const [{ value }] = await answer.json();
  const after = await shown(before);
  assert.ok(Math.abs(after - value) < 0.005 * value, `the panel shows ${after}, the server says ${value}`);
});

await browser.close();
