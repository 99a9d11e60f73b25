import { DataSourceJsonData } from '@grafana/data';
import { DataQuery } from '@grafana/schema';

/** What a query asks for; the backend has the same words. */
export type QueryType = 'metric' | 'explain' | 'slo' | 'sql' | 'annotation' | 'variable';

export type Dimension = 'service' | 'team' | 'repository' | 'environment';

/** Only what belongs to one of the values of each; `*` and nothing do not restrict. */
export type Filters = Partial<Record<Dimension, string[]>>;

export type AnnotationKind = 'deployment' | 'failed_deployment' | 'rollback' | 'incident' | 'freeze';

export type VariableContent = 'dimension' | 'metrics' | 'statistics' | 'definition_sets' | 'sql';

export type Format = 'time_series' | 'table';

export interface AdHocFilter {
  key: string;
  operator: string;
  value: string;
  values?: string[];
}

/** A query as dashboards store it: what a type of query does not need is left out. */
export interface DoradoQuery extends DataQuery {
  queryType?: QueryType;
  metric?: string;
  statistic?: string;
  grain?: string;
  by?: string;
  filters?: Filters;
  adHoc?: AdHocFilter[];
  definitionSet?: string;
  compare?: boolean;
  hideLevels?: boolean;
  format?: Format;
  limit?: number;
  onlyExcluded?: boolean;
  rawSql?: string;
  kinds?: AnnotationKind[];
  variable?: VariableContent;
  dimension?: Dimension;
}

/** What the config editor saves. */
export interface DoradoOptions extends DataSourceJsonData {
  definitionSet?: string;
  timeout?: number;
  tlsAuth?: boolean;
  tlsAuthWithCACert?: boolean;
  tlsSkipVerify?: boolean;
  serverName?: string;
}

/** What the config editor saves encrypted; it never comes back to a browser. */
export interface DoradoSecrets {
  token?: string;
  tlsCACert?: string;
  tlsClientCert?: string;
  tlsClientKey?: string;
}

// What the server answers: see server/openapi.yaml.

export interface Statistic {
  name: string;
  title: string;
  unit: string;
  description?: string;
}

export interface Metric {
  name: string;
  title: string;
  description: string;
  statistics: Statistic[];
  dimensions: string[];
  grains: string[];
  filters: Dimension[];
  better: 'higher' | 'lower' | 'neither';
  can_explain: boolean;
}

export interface Catalogue {
  metrics: Metric[];
  definition_sets: string[];
}

export interface DimensionValue {
  value: string;
  text: string;
}

export interface Schema {
  tables: Array<{
    schema: string;
    name: string;
    description?: string | null;
    columns: Array<{ name: string; type: string; description?: string | null }>;
  }>;
  macros: Array<{
    schema: string;
    name: string;
    parameters: string;
    is_table: boolean;
    description?: string | null;
    example?: string | null;
  }>;
}

export const dimensions: Dimension[] = ['service', 'team', 'repository', 'environment'];

/** The whole of what a metric can be grouped by, as people read it. */
export function words(name: string): string {
  const text = name.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
