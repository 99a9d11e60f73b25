import { AnnotationQuery, QueryEditorProps } from '@grafana/data';
import { EditorField, EditorRow, EditorRows } from '@grafana/plugin-ui';
import { Combobox } from '@grafana/ui';
import React from 'react';
import { presets } from '../annotations';
import type { DoradoDataSource } from '../datasource';
import { dimensions, DoradoOptions, DoradoQuery } from '../types';
import { FilterFields, LimitField } from './fields';
import { SQLField } from './SQLField';

type Props = QueryEditorProps<DoradoDataSource, DoradoQuery, DoradoOptions> & {
  annotation?: AnnotationQuery<DoradoQuery>;
  onAnnotationChange?: (annotation: AnnotationQuery<DoradoQuery>) => void;
};

const ownSQL = 'SQL';

/** Chooses what is drawn over charts. */
export function AnnotationEditor(props: Props) {
  const { annotation, onAnnotationChange, onChange, onRunQuery, datasource } = props;
  // Grafana keeps the query of an annotation in its target.
  const query: DoradoQuery = annotation?.target ?? props.query;
  const change = (changed: Partial<DoradoQuery>, andRun = true) => {
    const target = { ...query, ...changed };
    if (annotation && onAnnotationChange) {
      onAnnotationChange({ ...annotation, target });
    } else {
      onChange(target);
    }
    if (andRun) {
      onRunQuery();
    }
  };
  const fields = { query, datasource, change };
  const isSQL = query.queryType === 'sql';
  const kinds = query.kinds ?? [];
  const preset = presets.find((known) => known.kinds.join() === kinds.join());
  return (
    <EditorRows>
      <EditorRow>
        <EditorField label="Show" width={40}>
          <Combobox
            id="annotation-preset"
            options={[
              ...presets.map(({ label, description }) => ({ value: label, label, description })),
              { value: ownSQL, label: ownSQL, description: 'Columns time, timeEnd, title, text, tags and id' },
              ...(isSQL || preset ? [] : [{ value: 'Several', label: kinds.join(', ') || 'All' }]),
            ]}
            value={isSQL ? ownSQL : (preset?.label ?? 'Several')}
            onChange={({ value }) => {
              const chosen = presets.find(({ label }) => label === value);
              change(chosen ? { queryType: 'annotation', kinds: chosen.kinds } : { queryType: 'sql', format: 'table' });
            }}
          />
        </EditorField>
        {!isSQL && <LimitField {...fields} />}
      </EditorRow>
      {isSQL ? (
        <SQLField {...fields} onRunQuery={onRunQuery} />
      ) : (
        <EditorRow>
          <FilterFields {...fields} names={dimensions} />
        </EditorRow>
      )}
    </EditorRows>
  );
}
