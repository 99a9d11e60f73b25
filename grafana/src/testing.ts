import { DataSourceInstanceSettings, ScopedVars } from '@grafana/data';
import { TemplateSrv } from '@grafana/runtime';
import { DoradoDataSource } from './datasource';
import { Catalogue, DoradoOptions, Schema } from './types';

const every = ['none', 'service', 'team', 'repository', 'environment'];

export const catalogue: Catalogue = {
  metrics: [
    {
      name: 'change_lead_time',
      title: 'Change lead time',
      description: 'From the commit to its deployment',
      statistics: [
        { name: 'median_seconds', title: 'Median', unit: 'seconds' },
        { name: 'p90_seconds', title: '90th percentile', unit: 'seconds' },
      ],
      dimensions: every,
      grains: ['total', 'day', 'week', 'month', 'quarter'],
      filters: ['service', 'team', 'repository', 'environment'],
      better: 'lower',
      can_explain: true,
    },
    {
      name: 'error_budget',
      title: 'Error budget',
      description: 'What is left of it',
      statistics: [{ name: 'remaining_ratio', title: 'Left', unit: 'ratio' }],
      dimensions: ['none', 'objective'],
      grains: ['total', 'day'],
      filters: ['service', 'team'],
      better: 'higher',
      can_explain: false,
    },
  ],
  definition_sets: ['strict'],
};

export const schema: Schema = {
  tables: [
    {
      schema: 'core',
      name: 'deployments',
      columns: [
        { name: 'deployment_id', type: 'VARCHAR' },
        { name: 'finished_at', type: 'TIMESTAMP' },
      ],
    },
    { schema: 'marts', name: 'days', columns: [{ name: 'day', type: 'DATE' }] },
  ],
  macros: [
    {
      schema: 'metrics',
      name: 'change_lead_time',
      parameters: 'from_at, to_at, grain, by_dimension, filters',
      is_table: true,
    },
    { schema: 'metrics', name: 'percentile', parameters: 'number, fraction', is_table: false },
  ],
};

/** Replaces $name by the variable of that name, as Grafana's template service does. */
export const templates = (variables: Record<string, string | string[]>) =>
  ({
    replace: (text: string, scopedVars?: ScopedVars, format?: string | ((value: string | string[]) => string)) =>
      text.replace(/\$(\w+)|\$\{(\w+)\}/g, (whole, short, long) => {
        const name = short ?? long;
        const value = scopedVars?.[name]?.value ?? variables[name];
        if (value === undefined) {
          return whole;
        }
        if (typeof format === 'function') {
          return format(value);
        }
        const quoted = [value].flat().map((one) => (format === 'sqlstring' ? `'${one.replaceAll("'", "''")}'` : one));
        return quoted.join(',');
      }),
  }) as unknown as TemplateSrv;

/** A data source whose server is made up. */
export function dataSource(variables: Record<string, string | string[]> = {}, jsonData: DoradoOptions = {}) {
  const settings = { id: 1, uid: 'dorado', type: 'dorado-metrics-datasource', name: 'dorado', jsonData };
  const datasource = new DoradoDataSource(
    settings as unknown as DataSourceInstanceSettings<DoradoOptions>,
    templates(variables)
  );
  const answers: Record<string, unknown> = {
    metrics: catalogue,
    schema,
    'dimensions/service': [
      { value: 'api', text: 'API' },
      { value: 'web', text: 'Web' },
    ],
    'dimensions/service?team=red': [{ value: 'api', text: 'API' }],
    'dimensions/team': [{ value: 'red', text: 'red' }],
    'dimensions/repository': [],
    'dimensions/environment': [],
  };
  const getResource = jest.fn(async (path: string) => {
    if (answers[path] === undefined) {
      throw { data: { message: `there is no ${path}` } };
    }
    return answers[path];
  });
  datasource.getResource = getResource as typeof datasource.getResource;
  return { datasource, getResource, answers };
}
