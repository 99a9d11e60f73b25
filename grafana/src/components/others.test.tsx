import { DataQueryRequest } from '@grafana/data';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React, { useState } from 'react';
import { of } from 'rxjs';
import { annotationSupport, presets } from '../annotations';
import { dataSource } from '../testing';
import { DoradoQuery } from '../types';
import { AnnotationEditor } from './AnnotationEditor';
import { VariableEditor } from './VariableEditor';

function open(Editor: typeof VariableEditor | typeof AnnotationEditor, part: Partial<DoradoQuery>) {
  const { datasource } = dataSource();
  const state = { query: undefined as unknown as DoradoQuery };
  function Page() {
    const [query, setQuery] = useState<DoradoQuery>({ refId: 'A', ...part });
    state.query = query;
    return <Editor query={query} onChange={setQuery} onRunQuery={() => {}} datasource={datasource} />;
  }
  render(<Page />);
  return state;
}

async function choose(label: string, option: string) {
  await screen.findAllByText(option);
  await userEvent.selectOptions(screen.getByRole('combobox', { name: label }), option);
}

test('a variable of services of a team', async () => {
  const state = open(VariableEditor, {});
  await choose('Dimension', 'Service');
  expect(state.query).toMatchObject({ queryType: 'variable', variable: 'dimension', dimension: 'service' });
  expect(screen.getByLabelText(/^Team/)).toBeInTheDocument();
});

test('a variable of statistics', async () => {
  const state = open(VariableEditor, {});
  await choose('Contents', 'Statistics');
  await choose('Metric', 'Change lead time');
  expect(state.query).toMatchObject({ variable: 'statistics', metric: 'change_lead_time' });
});

test('variables are asked of the backend', () => {
  const { datasource } = dataSource();
  const query = jest.spyOn(datasource, 'query').mockReturnValue(of({ data: [] }));
  const request = { targets: [{ refId: '', dimension: 'team' }] } as unknown as DataQueryRequest<DoradoQuery>;
  (datasource.variables as unknown as { query: (request: unknown) => unknown }).query(request);
  expect(query).toHaveBeenCalledWith({ targets: [{ refId: 'variable', dimension: 'team', queryType: 'variable' }] });
});

test('annotations of a preset', async () => {
  const state = open(AnnotationEditor, annotationSupport.getDefaultQuery!());
  await choose('Show', 'Incidents');
  expect(state.query).toMatchObject({ queryType: 'annotation', kinds: ['incident'] });
  await choose('Show', 'SQL');
  expect(state.query).toMatchObject({ queryType: 'sql', format: 'table' });
});

test('annotations begin with deployments', () => {
  expect(annotationSupport.prepareAnnotation!({ name: 'a' })).toMatchObject({ target: { kinds: presets[0].kinds } });
});
