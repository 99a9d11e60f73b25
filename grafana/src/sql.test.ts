import { sqlOf } from './sql';
import { catalogue } from './testing';
import { DoradoQuery } from './types';

const [leadTime] = catalogue.metrics;
const sql = (query: Partial<DoradoQuery>) => sqlOf({ refId: 'A', ...query }, leadTime);

test('a metric', () => {
  expect(sql({ metric: 'change_lead_time' })).toBe(`select
    period_start as time,
    median_seconds
from metrics.change_lead_time($__timeFrom, $__timeTo, grain := 'day', by_dimension := 'none')
order by period_start`);
});

test('a metric with all that SQL can have', () => {
  expect(
    sql({
      metric: 'change_lead_time',
      statistic: '*',
      grain: 'week',
      by: 'team',
      filters: { team: ["o'brien", '$team'], service: ['*'] },
    })
  ).toBe(`select
    period_start as time,
    dimension as team,
    median_seconds,
    p90_seconds
from metrics.change_lead_time($__timeFrom, $__timeTo, grain := 'week', by_dimension := 'team', filters := map {'team': ['o''brien', $team]})
order by period_start`);
});

test('all five metrics', () => {
  expect(sql({ metric: 'dora' })).toMatch(/metric,\n    value\nfrom metrics.dora\(/);
});

test('the records', () => {
  expect(
    sql({
      queryType: 'explain',
      metric: 'change_lead_time',
      onlyExcluded: true,
      limit: 10,
      filters: { service: ['api'] },
    })
  ).toBe(`select *
from metrics.explain_change_lead_time($__timeFrom, $__timeTo)
where
    service_id in ('api')
    and not is_counted
order by record_at desc
limit 10`);
});

test('the objectives', () => {
  expect(sql({ queryType: 'slo', filters: { team: ['red'] } })).toMatch(
    /metrics\.error_budget\(.*filters := map \{'team': \['red'\]\}\)/
  );
});

test('SQL stays as it is', () => {
  expect(sql({ queryType: 'sql', rawSql: 'select 1' })).toBe('select 1');
});
