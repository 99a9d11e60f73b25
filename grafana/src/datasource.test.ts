import { dataSource } from './testing';
import { DoradoQuery } from './types';

const query = (query: Partial<DoradoQuery>): DoradoQuery => ({ refId: 'A', ...query });

describe('applyTemplateVariables', () => {
  const { datasource } = dataSource({ team: ['red', "o'brien"], service: '*', metric: 'change_lead_time', n: '10' });

  test('fills the fields of a metric, and filters with all values of a variable', () => {
    const filled = datasource.applyTemplateVariables(
      query({ metric: '$metric', by: 'team', filters: { team: ['$team', 'blue'], service: ['${service}'] } }),
      {}
    );
    expect(filled).toMatchObject({
      metric: 'change_lead_time',
      by: 'team',
      filters: { team: ['red', "o'brien", 'blue'], service: ['*'] },
    });
  });

  test('quotes variables in SQL', () => {
    const filled = datasource.applyTemplateVariables(
      query({ queryType: 'sql', rawSql: 'select * from core.teams where team in ($team)' }),
      {}
    );
    expect(filled.rawSql).toBe("select * from core.teams where team in ('red','o''brien')");
  });

  test('quotes the custom all value, which Grafana does not', () => {
    jest.spyOn(datasource['templates'], 'replace').mockReturnValueOnce('*');
    const filled = datasource.applyTemplateVariables(
      query({ queryType: 'sql', rawSql: "select filters := map {'team': [$team]}" }),
      {}
    );
    expect(filled.rawSql).toBe("select filters := map {'team': ['*']}");
  });

  test('leaves the macros to the backend, also where Grafana has one of that name', () => {
    const sql = 'select $__timeGroup(a, $__interval), $__interval_ms where $__timeFilter(a) and b = $unknown';
    const scopedVars = { __interval: { text: '1h', value: '1h' }, __interval_ms: { text: '1', value: '1' } };
    expect(datasource.applyTemplateVariables(query({ queryType: 'sql', rawSql: sql }), scopedVars).rawSql).toBe(sql);
  });

  test('passes ad hoc filters on, but not to SQL', () => {
    const filters = [{ key: 'team', operator: '=|', value: 'red', values: ['red', 'blue'], condition: '' }];
    const adHoc = [{ key: 'team', operator: '=|', value: 'red', values: ['red', 'blue'] }];
    expect(datasource.applyTemplateVariables(query({ metric: 'dora' }), {}, filters).adHoc).toEqual(adHoc);
    expect(
      datasource.applyTemplateVariables(query({ queryType: 'sql', rawSql: '1' }), {}, filters).adHoc
    ).toBeUndefined();
  });
});

test.each([
  [{ metric: 'dora' }, true],
  [{ queryType: 'metric' as const }, false],
  [{ metric: 'dora', hide: true }, false],
  [{ queryType: 'explain' as const }, false],
  [{ queryType: 'sql' as const, rawSql: ' ' }, false],
  [{ queryType: 'sql' as const, rawSql: 'select 1' }, true],
  [{ queryType: 'slo' as const }, true],
  [{ queryType: 'annotation' as const }, true],
])('filterQuery of %j is %s', (part, want) => {
  expect(dataSource().datasource.filterQuery(query(part))).toBe(want);
});

describe('what editors choose from', () => {
  test('is asked for once a minute, and again after a failure', async () => {
    const { datasource, getResource, answers } = dataSource();
    await Promise.all([datasource.catalogue(), datasource.catalogue(), datasource.metric('dora')]);
    expect(getResource).toHaveBeenCalledTimes(1);
    delete answers.schema;
    await expect(datasource.schema()).rejects.toMatchObject({ data: { message: 'there is no schema' } });
    answers.schema = { tables: [], macros: [] };
    await expect(datasource.schema()).resolves.toEqual(answers.schema);
  });

  test('ad hoc filters are dimensions, and their values those that the other filters leave', async () => {
    const { datasource } = dataSource();
    expect((await datasource.getTagKeys()).map(({ text }) => text)).toEqual([
      'Service',
      'Team',
      'Repository',
      'Environment',
    ]);
    const filters = [
      { key: 'team', operator: '=', value: 'red' },
      { key: 'service', operator: '=', value: 'web' },
    ];
    expect(await datasource.getTagValues({ key: 'service', filters })).toEqual([{ text: 'API', value: 'api' }]);
    expect(await datasource.getTagValues({ key: 'colour', filters })).toEqual([]);
  });
});

test('a new query shows a metric', () => {
  const { datasource } = dataSource();
  expect(datasource.filterQuery(query(datasource.getDefaultQuery('' as never)))).toBe(true);
});
