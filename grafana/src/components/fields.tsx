import { EditorField, EditorRow } from '@grafana/plugin-ui';
import { Combobox, ComboboxOption, Input, MultiCombobox, RadioButtonGroup, Switch } from '@grafana/ui';
import React from 'react';
import { DoradoDataSource } from '../datasource';
import { Catalogue, Dimension, dimensions, DoradoQuery, Filters, Metric, words } from '../types';

export interface FieldsProps {
  query: DoradoQuery;
  datasource: DoradoDataSource;
  catalogue?: Catalogue;
  change: (changed: Partial<DoradoQuery>, andRun?: boolean) => void;
}

/** Words of a list; what is chosen already is one of them, known or not. */
function optionsOf(names: string[], chosen?: string): Array<ComboboxOption<string>> {
  const all = chosen === undefined || chosen === '' || names.includes(chosen) ? names : [...names, chosen];
  return all.map((value) => ({ value, label: value.startsWith('$') ? value : words(value) }));
}

function metricOptions(metrics: Metric[], chosen?: string): Array<ComboboxOption<string>> {
  const options: Array<ComboboxOption<string>> = metrics.map(({ name, title, description }) => ({
    value: name,
    label: title,
    description,
  }));
  return !chosen || metrics.some(({ name }) => name === chosen) ? options : [...options, { value: chosen }];
}

/** What stays of a query where another metric is chosen: all that it can be asked with. */
export function withMetric(query: DoradoQuery, metric: Metric): Partial<DoradoQuery> {
  const filters: Filters = {};
  for (const dimension of metric.filters) {
    if (query.filters?.[dimension]) {
      filters[dimension] = query.filters[dimension];
    }
  }
  const isKnown = (statistic?: string) => statistic === '*' || metric.statistics.some(({ name }) => name === statistic);
  const canGrain = query.grain === undefined || query.grain === 'auto' || metric.grains.includes(query.grain);
  return {
    metric: metric.name,
    statistic: isKnown(query.statistic) ? query.statistic : undefined,
    by: metric.dimensions.includes(query.by ?? 'none') ? query.by : 'none',
    grain: canGrain ? query.grain : 'auto',
    filters,
  };
}

function MetricField({ query, catalogue, change, onlyExplained }: FieldsProps & { onlyExplained?: boolean }) {
  const metrics = (catalogue?.metrics ?? []).filter((metric) => !onlyExplained || metric.can_explain);
  const chosen = metrics.find(({ name }) => name === query.metric);
  return (
    <EditorField label="Metric" tooltip={chosen?.description} width={32}>
      <Combobox
        id={`${query.refId}-metric`}
        options={metricOptions(metrics, query.metric)}
        value={query.metric ?? null}
        loading={!catalogue}
        onChange={({ value }) => {
          const metric = metrics.find(({ name }) => name === value);
          change(metric ? withMetric(query, metric) : { metric: value });
        }}
      />
    </EditorField>
  );
}

/** Filters by what the metric knows. A variable is written as $team. */
export function FilterFields({ query, datasource, change, names }: FieldsProps & { names: Dimension[] }) {
  return (
    <>
      {names.map((dimension) => (
        <EditorField key={dimension} label={words(dimension)} width={30} optional>
          <MultiCombobox
            id={`${query.refId}-${dimension}`}
            placeholder={`Every ${dimension}`}
            value={query.filters?.[dimension] ?? []}
            createCustomValue
            isClearable
            options={async (typed) => {
              const values = await datasource.dimension(dimension);
              const wanted = typed.toLowerCase();
              return values
                .filter(({ text, value }) => `${text} ${value}`.toLowerCase().includes(wanted))
                .map(({ text, value }) => ({ value, label: text, description: text === value ? undefined : value }));
            }}
            onChange={(chosen) => {
              const values = chosen.map(({ value }) => value);
              const { [dimension]: _, ...others } = query.filters ?? {};
              change({ filters: values.length === 0 ? others : { ...others, [dimension]: values } });
            }}
          />
        </EditorField>
      ))}
    </>
  );
}

function DefinitionField({ query, datasource, catalogue, change }: FieldsProps) {
  const sets = catalogue?.definition_sets ?? [];
  const fallback = datasource.definitionSet;
  const options: Array<ComboboxOption<string>> = [
    { value: '', label: fallback ? `As the data source: ${fallback}` : "The configuration's own" },
    ...(fallback ? [{ value: '-', label: "The configuration's own" }] : []),
    ...sets.map((value) => ({ value })),
  ];
  const chosen = query.definitionSet ?? '';
  if (!options.some(({ value }) => value === chosen)) {
    options.push({ value: chosen });
  }
  return (
    <EditorField
      label="Definitions"
      tooltip="What counts as a deployment, a failure, …; see definition sets"
      width={30}
    >
      <Combobox
        id={`${query.refId}-definitions`}
        options={options}
        value={chosen}
        onChange={({ value }) => change({ definitionSet: value === '' ? undefined : value })}
      />
    </EditorField>
  );
}

const autoGrain = {
  value: 'auto',
  label: 'Auto',
  description: "Follows the panel's interval: month from 28 days, week from 7 days, else day",
};

/** One metric, over time or as a table. */
export function MetricFields(props: FieldsProps) {
  const { query, catalogue, change } = props;
  const metric = catalogue?.metrics.find(({ name }) => name === query.metric);
  const statistics = metric?.statistics ?? [];
  const grains = metric?.grains ?? [];
  const groups = metric?.dimensions ?? ['none'];
  return (
    <>
      <EditorRow>
        <MetricField {...props} />
        <EditorField
          label="Statistic"
          tooltip={statistics.find(({ name }) => name === query.statistic)?.description}
          width={30}
        >
          <Combobox
            id={`${query.refId}-statistic`}
            options={[
              ...statistics.map(({ name, title, description }) => ({ value: name, label: title, description })),
              ...(statistics.length > 1 ? [{ value: '*', label: 'All' }] : []),
              ...(query.statistic?.startsWith('$') ? [{ value: query.statistic }] : []),
            ]}
            value={query.statistic ?? statistics[0]?.name ?? null}
            onChange={({ value }) => change({ statistic: value === statistics[0]?.name ? undefined : value })}
          />
        </EditorField>
        <EditorField label="Grain" tooltip="How long the periods are" width={20}>
          <Combobox
            id={`${query.refId}-grain`}
            options={[autoGrain, ...optionsOf(grains, query.grain === 'auto' ? undefined : query.grain)]}
            value={query.grain ?? 'auto'}
            onChange={({ value }) => change({ grain: value })}
          />
        </EditorField>
        <EditorField label="Group by" width={20}>
          <Combobox
            id={`${query.refId}-by`}
            options={optionsOf(groups, query.by)}
            value={query.by ?? 'none'}
            onChange={({ value }) => change({ by: value })}
          />
        </EditorField>
        <EditorField label="Format">
          <RadioButtonGroup
            aria-label="Format"
            options={[
              { label: 'Time series', value: 'time_series' as const },
              { label: 'Table', value: 'table' as const },
            ]}
            value={query.format ?? 'time_series'}
            onChange={(format) => change({ format })}
          />
        </EditorField>
      </EditorRow>
      <EditorRow>
        <FilterFields {...props} names={metric?.filters ?? dimensions} />
        <DefinitionField {...props} />
        <EditorField label="Compare" tooltip="With the period before, as a second series">
          <Switch
            id={`${query.refId}-compare`}
            value={query.compare ?? false}
            onChange={(event) => change({ compare: event.currentTarget.checked || undefined })}
          />
        </EditorField>
        <LevelsField {...props} />
      </EditorRow>
    </>
  );
}

function LevelsField({ query, change }: FieldsProps) {
  return (
    <EditorField label="Colours" tooltip="Levels and thresholds as dorado has them; without, the panel's own are used">
      <Switch
        id={`${query.refId}-levels`}
        value={!query.hideLevels}
        onChange={(event) => change({ hideLevels: !event.currentTarget.checked || undefined })}
      />
    </EditorField>
  );
}

/** The records behind a metric. */
export function ExplainFields(props: FieldsProps) {
  const { query, catalogue, change } = props;
  const metric = catalogue?.metrics.find(({ name }) => name === query.metric);
  return (
    <>
      <EditorRow>
        <MetricField {...props} onlyExplained />
        <DefinitionField {...props} />
        <EditorField label="Only left out" tooltip="The records that do not count, with the reason">
          <Switch
            id={`${query.refId}-excluded`}
            value={query.onlyExcluded ?? false}
            onChange={(event) => change({ onlyExcluded: event.currentTarget.checked || undefined })}
          />
        </EditorField>
        <LimitField {...props} />
      </EditorRow>
      <EditorRow>
        <FilterFields {...props} names={metric?.filters ?? dimensions} />
      </EditorRow>
    </>
  );
}

export function LimitField({ query, change }: FieldsProps) {
  return (
    <EditorField label="Limit" tooltip="The most rows; empty for Grafana's own limit" width={15} optional>
      <Input
        id={`${query.refId}-limit`}
        type="number"
        min={1}
        placeholder="none"
        defaultValue={query.limit ?? ''}
        onBlur={(event) => {
          const limit = Number(event.currentTarget.value);
          change({ limit: limit > 0 ? limit : undefined });
        }}
      />
    </EditorField>
  );
}

/** How the objectives stand. */
export function SLOFields(props: FieldsProps) {
  return (
    <EditorRow>
      <FilterFields {...props} names={['service', 'team']} />
      <LevelsField {...props} />
    </EditorRow>
  );
}
