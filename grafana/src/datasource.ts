import {
  AdHocVariableFilter,
  CoreApp,
  DataSourceGetTagValuesOptions,
  DataSourceInstanceSettings,
  MetricFindValue,
  ScopedVars,
} from '@grafana/data';
import { DataSourceWithBackend, getTemplateSrv, TemplateSrv } from '@grafana/runtime';
import { annotationSupport } from './annotations';
import { sqlOf } from './sql';
import {
  AdHocFilter,
  Catalogue,
  Dimension,
  dimensions,
  DimensionValue,
  DoradoOptions,
  DoradoQuery,
  Filters,
  Metric,
  Schema,
  words,
} from './types';
import { DoradoVariables } from './variables';

/** How long an editor takes what the server said for true, in milliseconds. */
const remembered = 60_000;

/** Values of one variable, apart: no value has this in it. */
const separator = '\u0001';

/** Macros that the backend expands, so that alerts, which have no browser, can use them too. */
const macros = /\$__(timeFilter|timeFrom|timeTo|timeGroup|interval_ms|interval|unixEpochFilter)\b/g;

/** Variables as they are written in text: $name, ${name:format}, [[name]]. */
const variables = /\$\{[^}]+\}|\$\w+|\[\[\w+(?::\w+)?\]\]/g;

/** Asks dorado through the backend; here are only templates, and what editors choose from. */
export class DoradoDataSource extends DataSourceWithBackend<DoradoQuery, DoradoOptions> {
  readonly annotations = annotationSupport;
  readonly definitionSet?: string;
  private readonly memory = new Map<string, { at: number; answer: Promise<unknown> }>();

  constructor(
    settings: DataSourceInstanceSettings<DoradoOptions>,
    private readonly templates: TemplateSrv = getTemplateSrv()
  ) {
    super(settings);
    this.definitionSet = settings.jsonData.definitionSet;
    this.variables = new DoradoVariables(this);
  }

  getDefaultQuery(_: CoreApp): Partial<DoradoQuery> {
    return { queryType: 'metric', metric: 'deployment_frequency', grain: 'auto', by: 'none', format: 'time_series' };
  }

  getQueryDisplayText(query: DoradoQuery): string {
    switch (query.queryType) {
      case 'sql':
        return query.rawSql ?? '';
      case 'slo':
        return 'SLOs';
      case 'explain':
        return `Records of ${words(query.metric ?? '')}`;
      default:
        return words(query.metric ?? query.queryType ?? '');
    }
  }

  /** A query that is not finished is not run. */
  filterQuery(query: DoradoQuery): boolean {
    switch (query.queryType) {
      case 'sql':
        return Boolean(query.rawSql?.trim());
      case 'slo':
      case 'annotation':
      case 'variable':
        return !query.hide;
      default:
        return !query.hide && Boolean(query.metric);
    }
  }

  applyTemplateVariables(query: DoradoQuery, scopedVars: ScopedVars, filters?: AdHocVariableFilter[]): DoradoQuery {
    const text = (value?: string) => (value === undefined ? undefined : this.templates.replace(value, scopedVars));
    const filled: DoradoQuery = {
      ...query,
      metric: text(query.metric),
      statistic: text(query.statistic),
      grain: text(query.grain),
      by: text(query.by),
      definitionSet: text(query.definitionSet),
      filters: this.fillFilters(query.filters, scopedVars),
      rawSql: query.rawSql && this.fillSQL(query.rawSql, scopedVars),
    };
    if (filters?.length && query.queryType !== 'sql') {
      filled.adHoc = filters.map(({ key, operator, value, values }): AdHocFilter => ({ key, operator, value, values }));
    }
    return filled;
  }

  /** The values of all variables in the filters: a variable can have several. */
  private fillFilters(filters: Filters | undefined, scopedVars: ScopedVars): Filters | undefined {
    if (!filters) {
      return undefined;
    }
    const join = (value: string | string[]) => (Array.isArray(value) ? value.join(separator) : String(value));
    const filled: Filters = {};
    for (const dimension of dimensions) {
      const values = filters[dimension]?.flatMap((value) =>
        this.templates.replace(value, scopedVars, join).split(separator)
      );
      if (values?.length) {
        filled[dimension] = values;
      }
    }
    return filled;
  }

  /**
   * SQL with the values of variables quoted. Grafana's own of our macros' names are left
   * to the backend, and a custom all value, which Grafana does not quote, is.
   */
  private fillSQL(sql: string, scopedVars: ScopedVars): string {
    const hidden = sql.replace(macros, `${separator}$1`);
    const filled = hidden.replace(variables, (variable) => {
      const value = this.templates.replace(variable, scopedVars, 'sqlstring');
      return value === '*' ? "'*'" : value;
    });
    return filled.replaceAll(separator, '$__');
  }

  /** What can be asked for. */
  catalogue(): Promise<Catalogue> {
    return this.remember('metrics');
  }

  /** The metric of that name; undefined for one that is not known, or a variable. */
  async metric(name?: string): Promise<Metric | undefined> {
    return (await this.catalogue()).metrics.find((metric) => metric.name === name);
  }

  /** What SQL can name. */
  schema(): Promise<Schema> {
    return this.remember('schema');
  }

  /** The values of a dimension, of those that the filters leave. */
  dimension(name: Dimension, filters: Filters = {}): Promise<DimensionValue[]> {
    const parameters = new URLSearchParams();
    for (const dimension of dimensions) {
      for (const value of filters[dimension] ?? []) {
        parameters.append(dimension, value);
      }
    }
    const query = parameters.toString();
    return this.remember(`dimensions/${name}${query && `?${query}`}`);
  }

  /** The SQL that asks the same. */
  async sqlOf(query: DoradoQuery): Promise<string> {
    return sqlOf(query, await this.metric(query.metric));
  }

  async getTagKeys(): Promise<MetricFindValue[]> {
    return dimensions.map((dimension) => ({ text: words(dimension), value: dimension }));
  }

  async getTagValues({ key, filters }: DataSourceGetTagValuesOptions<DoradoQuery>): Promise<MetricFindValue[]> {
    const dimension = dimensions.find((known) => known === key);
    if (!dimension) {
      return [];
    }
    const others: Filters = {};
    for (const filter of filters ?? []) {
      const other = dimensions.find((known) => known === filter.key && known !== dimension);
      if (other && filter.operator.startsWith('=')) {
        others[other] = filter.values?.length ? filter.values : [filter.value];
      }
    }
    return (await this.dimension(dimension, others)).map(({ text, value }) => ({ text, value }));
  }

  /** Asks for a resource, or takes the answer of a moment ago. What failed is asked again. */
  private remember<T>(path: string): Promise<T> {
    const known = this.memory.get(path);
    if (known && Date.now() - known.at < remembered) {
      return known.answer as Promise<T>;
    }
    const answer = this.getResource<T>(path);
    this.memory.set(path, { at: Date.now(), answer });
    answer.catch(() => this.memory.delete(path));
    return answer;
  }
}
