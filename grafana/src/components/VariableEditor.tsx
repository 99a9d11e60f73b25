import { QueryEditorProps } from '@grafana/data';
import { EditorField, EditorRow, EditorRows } from '@grafana/plugin-ui';
import { Combobox } from '@grafana/ui';
import React from 'react';
import type { DoradoDataSource } from '../datasource';
import { Dimension, dimensions, DoradoOptions, DoradoQuery, VariableContent, words } from '../types';
import { FilterFields } from './fields';
import { SQLField } from './SQLField';
import { useAnswer } from './useAnswer';

type Props = QueryEditorProps<DoradoDataSource, DoradoQuery, DoradoOptions>;

const contents: Array<{ value: VariableContent; label: string; description: string }> = [
  { value: 'dimension', label: 'Values of a dimension', description: 'Services, teams, repositories or environments' },
  { value: 'metrics', label: 'Metrics', description: 'The names of all metrics' },
  { value: 'statistics', label: 'Statistics', description: "The names of a metric's statistics" },
  { value: 'definition_sets', label: 'Definition sets', description: 'Their names' },
  { value: 'sql', label: 'SQL', description: 'The first column, or the columns value and text' },
];

/** Edits what a dashboard variable contains. */
export function VariableEditor({ query: given, onChange, onRunQuery, datasource }: Props) {
  const query: DoradoQuery = {
    variable: 'dimension',
    ...given,
    refId: given.refId || 'variable',
    queryType: 'variable',
  };
  const catalogue = useAnswer(() => datasource.catalogue(), [datasource]);
  const change = (changed: Partial<DoradoQuery>, andRun = true) => {
    onChange({ ...query, ...changed });
    if (andRun) {
      onRunQuery();
    }
  };
  const fields = { query, datasource, catalogue: catalogue.value, change };
  const others = dimensions.filter((dimension) => dimension !== query.dimension);
  return (
    <EditorRows>
      <EditorRow>
        <EditorField label="Contents" width={40}>
          <Combobox
            id="variable-contents"
            options={contents}
            value={query.variable ?? 'dimension'}
            onChange={({ value }) => change({ variable: value })}
          />
        </EditorField>
        {query.variable === 'dimension' && (
          <EditorField label="Dimension" width={30}>
            <Combobox<Dimension>
              id="variable-dimension"
              options={dimensions.map((value) => ({ value, label: words(value) }))}
              value={query.dimension ?? null}
              onChange={({ value }) => change({ dimension: value })}
            />
          </EditorField>
        )}
        {query.variable === 'statistics' && (
          <EditorField label="Metric" width={40}>
            <Combobox
              id="variable-metric"
              options={(catalogue.value?.metrics ?? []).map(({ name, title }) => ({ value: name, label: title }))}
              value={query.metric ?? null}
              createCustomValue
              onChange={({ value }) => change({ metric: value })}
            />
          </EditorField>
        )}
      </EditorRow>
      {query.variable === 'dimension' && (
        <EditorRow>
          <FilterFields {...fields} names={others} />
        </EditorRow>
      )}
      {query.variable === 'sql' && <SQLField {...fields} onRunQuery={onRunQuery} />}
    </EditorRows>
  );
}
