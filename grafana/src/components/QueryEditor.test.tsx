import { fireEvent, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React, { useState } from 'react';
import { catalogue, dataSource } from '../testing';
import { DoradoQuery } from '../types';
import { withMetric } from './fields';
import { QueryEditor } from './QueryEditor';

function open(part: Partial<DoradoQuery>, prepare?: (made: ReturnType<typeof dataSource>) => void) {
  const made = dataSource();
  prepare?.(made);
  const state = { query: undefined as unknown as DoradoQuery, runs: 0 };
  function Page() {
    const [query, setQuery] = useState<DoradoQuery>({ refId: 'A', ...part });
    state.query = query;
    return (
      <QueryEditor query={query} onChange={setQuery} onRunQuery={() => state.runs++} datasource={made.datasource} />
    );
  }
  render(<Page />);
  return state;
}

const options = async (label: string) =>
  within(await screen.findByRole('combobox', { name: label }))
    .getAllByRole('option')
    .map(({ textContent }) => textContent);

async function choose(label: string, option: string) {
  await userEvent.selectOptions(await screen.findByRole('combobox', { name: label }), option);
}

test('chooses a metric, a statistic, a grain and a group from the catalogue', async () => {
  const state = open({ metric: 'error_budget' });
  await screen.findByText('Change lead time');
  await choose('Metric', 'Change lead time');
  await choose('Statistic', '90th percentile');
  await choose('Grain', 'Week');
  await choose('Group by', 'Team');
  expect(state.query).toMatchObject({
    metric: 'change_lead_time',
    statistic: 'p90_seconds',
    grain: 'week',
    by: 'team',
  });
  expect(state.runs).toBe(4);
});

test('offers only what the metric can be asked with', async () => {
  open({ metric: 'error_budget' });
  await screen.findByText('Objective');
  expect(await options('Grain')).toEqual(['Auto', 'Total', 'Day']);
  expect(await options('Group by')).toEqual(['None', 'Objective']);
  expect(screen.queryByLabelText(/^Environment/)).not.toBeInTheDocument();
  expect(screen.getByLabelText(/^Team/)).toBeInTheDocument();
});

test('filters by several values and by variables', async () => {
  const state = open({ metric: 'change_lead_time' });
  fireEvent.change(await screen.findByLabelText(/^Team/), { target: { value: 'red,$team' } });
  expect(state.query.filters).toEqual({ team: ['red', '$team'] });
  fireEvent.change(screen.getByLabelText(/^Team/), { target: { value: '' } });
  expect(state.query.filters).toEqual({});
});

test('chooses definitions', async () => {
  const state = open({ metric: 'change_lead_time' });
  await screen.findByText('strict');
  expect(await options('Definitions')).toEqual(["The configuration's own", 'strict']);
  await choose('Definitions', 'strict');
  expect(state.query.definitionSet).toBe('strict');
});

test('another metric keeps what it can be asked with', () => {
  const [leadTime, budget] = catalogue.metrics;
  const query: DoradoQuery = {
    refId: 'A',
    metric: leadTime.name,
    statistic: 'p90_seconds',
    by: 'team',
    grain: 'week',
    filters: { team: ['red'], environment: ['production'] },
  };
  expect(withMetric(query, budget)).toEqual({
    metric: 'error_budget',
    statistic: undefined,
    by: 'none',
    grain: 'auto',
    filters: { team: ['red'] },
  });
  expect(withMetric({ ...query, grain: 'day', by: 'none', statistic: '*' }, budget)).toMatchObject({
    statistic: '*',
    grain: 'day',
  });
});

test('explains only metrics that can be', async () => {
  open({ queryType: 'explain', metric: 'change_lead_time' });
  await screen.findByText('Change lead time');
  expect(await options('Metric')).toEqual(['Change lead time']);
});

test('shows the SQL of a query, and goes on from it', async () => {
  const state = open({ metric: 'change_lead_time', by: 'team' });
  await userEvent.click(await screen.findByRole('button', { name: 'Show SQL' }));
  expect(await screen.findByLabelText('SQL of the query')).toHaveTextContent(
    'from metrics.change_lead_time($__timeFrom, $__timeTo'
  );
  await userEvent.click(screen.getByRole('button', { name: 'Edit as SQL' }));
  expect(state.query).toMatchObject({ queryType: 'sql', format: 'time_series' });
  expect(state.query.rawSql).toContain('dimension as team');
});

test('changes the mode and keeps the metric', async () => {
  const state = open({ metric: 'change_lead_time' });
  await userEvent.click(screen.getByRole('radio', { name: 'SLO' }));
  expect(state.query).toMatchObject({ queryType: 'slo', metric: 'change_lead_time' });
  await userEvent.click(screen.getByRole('radio', { name: 'Explain' }));
  expect(await screen.findByLabelText('Only left out')).toBeInTheDocument();
});

test('says what is wrong where the catalogue cannot be had', async () => {
  open({ metric: 'change_lead_time' }, ({ answers }) => delete answers.metrics);
  expect(await screen.findByText('there is no metrics')).toBeInTheDocument();
});
