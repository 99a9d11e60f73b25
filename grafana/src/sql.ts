import { Dimension, dimensions, DoradoQuery, Filters, Metric } from './types';

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** The values of a filter as SQL; a variable brings its own quotes. */
const list = (values: string[]) =>
  values.map((value) => (/^\$\w+$|^\$\{\w+\}$/.test(value) ? value : quote(value))).join(', ');

function restricting(filters: Filters | undefined): Array<[Dimension, string[]]> {
  return dimensions.flatMap((dimension): Array<[Dimension, string[]]> => {
    const values = (filters?.[dimension] ?? []).filter((value) => value !== '');
    return values.length === 0 || values.includes('*') ? [] : [[dimension, values]];
  });
}

function where(conditions: string[]): string {
  return conditions.length === 0 ? '' : `\nwhere\n    ${conditions.join('\n    and ')}`;
}

/** The filters as macros take them; nothing where nothing is left out. */
function mapOf(filters: Filters | undefined): string {
  const parts = restricting(filters).map(([dimension, values]) => `${quote(dimension)}: [${list(values)}]`);
  return parts.length === 0 ? '' : `, filters := map {${parts.join(', ')}}`;
}

/** The SQL that asks what a query asks, to go on from. */
export function sqlOf(query: DoradoQuery, metric: Metric | undefined): string {
  switch (query.queryType) {
    case 'sql':
      return query.rawSql ?? '';
    case 'slo':
      return sloSQL(query);
    case 'explain':
      return explainSQL(query);
    default:
      return metricSQL(query, metric);
  }
}

function metricSQL(query: DoradoQuery, metric: Metric | undefined): string {
  const by = query.by ?? 'none';
  const main = metric?.statistics[0]?.name;
  const statistics = query.statistic === '*' ? metric?.statistics.map(({ name }) => name) : [query.statistic ?? main];
  const columns = query.metric === 'dora' ? ['metric', 'value'] : (statistics ?? ['*']);
  const grain = query.grain === undefined || query.grain === 'auto' ? 'day' : query.grain;
  return `select
    period_start as time,
    ${[...(by === 'none' ? [] : [`dimension as ${by}`]), ...columns].join(',\n    ')}
from metrics.${query.metric ?? 'dora'}($__timeFrom, $__timeTo, grain := ${quote(grain)}, by_dimension := ${quote(by)}${mapOf(query.filters)})
order by period_start`;
}

function explainSQL(query: DoradoQuery): string {
  const columns = { service: 'service_id', team: 'team', repository: 'repository', environment: 'environment' };
  const conditions = restricting(query.filters).map(
    ([dimension, values]) => `${columns[dimension]} in (${list(values)})`
  );
  if (query.onlyExcluded) {
    conditions.push('not is_counted');
  }
  return `select *
from metrics.explain_${query.metric ?? 'dora'}($__timeFrom, $__timeTo)${where(conditions)}
order by record_at desc${query.limit ? `\nlimit ${query.limit}` : ''}`;
}

function sloSQL(query: DoradoQuery): string {
  return `select *
from metrics.error_budget($__timeFrom, $__timeTo, by_dimension := 'objective'${mapOf(query.filters)})
order by remaining_ratio`;
}
