import { QueryEditorProps } from '@grafana/data';
import { EditorHeader, EditorRow, EditorRows, FlexItem, Space } from '@grafana/plugin-ui';
import { Alert, Button, RadioButtonGroup } from '@grafana/ui';
import React, { useState } from 'react';
import { DoradoDataSource } from '../datasource';
import { DoradoOptions, DoradoQuery, QueryType } from '../types';
import { ExplainFields, MetricFields, SLOFields } from './fields';
import { SQLField, SQLPreview } from './SQLField';
import { useAnswer } from './useAnswer';

type Props = QueryEditorProps<DoradoDataSource, DoradoQuery, DoradoOptions>;

const modes: Array<{ label: string; value: QueryType; description: string }> = [
  { label: 'Metric', value: 'metric', description: 'A number over time or in total, by group' },
  { label: 'Explain', value: 'explain', description: 'The records behind a number, and those left out' },
  { label: 'SLO', value: 'slo', description: 'Every objective and what is left of its error budget' },
  { label: 'SQL', value: 'sql', description: 'One SELECT over the snapshot' },
];

/** Edits a query of a panel: only what the server's catalogue knows can be chosen. */
export function QueryEditor({ query, onChange, onRunQuery, datasource }: Props) {
  const catalogue = useAnswer(() => datasource.catalogue(), [datasource]);
  const [isSQLShown, showSQL] = useState(false);
  const mode = query.queryType ?? 'metric';
  const change = (changed: Partial<DoradoQuery>, andRun = true) => {
    onChange({ ...query, ...changed });
    if (andRun) {
      onRunQuery();
    }
  };
  const fields = { query, datasource, catalogue: catalogue.value, change };

  return (
    <>
      <EditorHeader>
        <RadioButtonGroup
          aria-label="Query mode"
          options={modes}
          value={mode}
          size="sm"
          onChange={(queryType) => change({ queryType, format: queryType === 'sql' ? 'table' : 'time_series' })}
        />
        <FlexItem grow={1} />
        {mode !== 'sql' && (
          <Button
            variant="secondary"
            size="sm"
            icon="brackets-curly"
            aria-expanded={isSQLShown}
            onClick={() => showSQL(!isSQLShown)}
          >
            {isSQLShown ? 'Hide SQL' : 'Show SQL'}
          </Button>
        )}
        <Button variant="primary" size="sm" icon="play" onClick={onRunQuery}>
          Run query
        </Button>
      </EditorHeader>
      <Space v={0.5} />
      {catalogue.error && (
        <Alert severity="error" title="What can be asked for is not known">
          {catalogue.error}
        </Alert>
      )}
      <EditorRows>
        {mode === 'metric' && <MetricFields {...fields} />}
        {mode === 'explain' && <ExplainFields {...fields} />}
        {mode === 'slo' && <SLOFields {...fields} />}
        {mode === 'sql' && <SQLField {...fields} onRunQuery={onRunQuery} />}
        {mode !== 'sql' && isSQLShown && (
          <EditorRow>
            <SQLPreview
              query={query}
              datasource={datasource}
              onEdit={(rawSql) =>
                change({ queryType: 'sql', rawSql, format: mode === 'metric' ? 'time_series' : 'table' })
              }
            />
          </EditorRow>
        )}
      </EditorRows>
    </>
  );
}
