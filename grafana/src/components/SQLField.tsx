import { EditorField, EditorRow, SQLEditor } from '@grafana/plugin-ui';
import { Alert, Button, ClipboardButton, RadioButtonGroup, Stack } from '@grafana/ui';
import React, { useMemo } from 'react';
import { languageOf } from '../completion';
import { DoradoDataSource } from '../datasource';
import { DoradoQuery } from '../types';
import { FieldsProps } from './fields';
import { useAnswer } from './useAnswer';

/** SQL with completion; Ctrl and Enter run it. */
export function SQLField({ query, datasource, change, onRunQuery }: FieldsProps & { onRunQuery: () => void }) {
  const language = useMemo(() => languageOf(datasource), [datasource]);
  return (
    <>
      <EditorRow>
        <EditorField label="Format">
          <RadioButtonGroup
            aria-label="Format"
            options={[
              { label: 'Table', value: 'table' as const },
              { label: 'Time series', value: 'time_series' as const },
            ]}
            value={query.format ?? 'table'}
            onChange={(format) => change({ format })}
          />
        </EditorField>
      </EditorRow>
      <SQLEditor
        query={query.rawSql ?? ''}
        language={language}
        height={200}
        onChange={(rawSql, andRun) => {
          change({ rawSql }, false);
          if (andRun) {
            onRunQuery();
          }
        }}
      />
    </>
  );
}

/** The SQL that asks the same as a query, to read, copy or go on from. */
export function SQLPreview({
  query,
  datasource,
  onEdit,
}: {
  query: DoradoQuery;
  datasource: DoradoDataSource;
  onEdit: (sql: string) => void;
}) {
  const sql = useAnswer(() => datasource.sqlOf(query), [datasource, JSON.stringify(query)]);
  if (sql.error) {
    return (
      <Alert severity="error" title="There is no SQL">
        {sql.error}
      </Alert>
    );
  }
  return (
    <Stack direction="column" gap={1} width="100%">
      <pre aria-label="SQL of the query" tabIndex={0} style={{ margin: 0, whiteSpace: 'pre-wrap' }}>
        {sql.value}
      </pre>
      <Stack direction="row" gap={1}>
        <Button variant="secondary" size="sm" icon="pen" onClick={() => onEdit(sql.value ?? '')}>
          Edit as SQL
        </Button>
        <ClipboardButton variant="secondary" size="sm" icon="copy" getText={() => sql.value ?? ''}>
          Copy
        </ClipboardButton>
      </Stack>
    </Stack>
  );
}
