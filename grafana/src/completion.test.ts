import { languageOf } from './completion';
import { dataSource } from './testing';

jest.mock('@grafana/plugin-ui', () => ({
  MacroType: { Value: 0, Filter: 1, Group: 2 },
  getStandardSQLCompletionProvider: () => ({}),
}));

const provider = () => languageOf(dataSource().datasource).completionProvider!({} as never, {} as never);

test('schemas', async () => {
  expect(await provider().schemas!.resolve()).toEqual([{ name: 'core' }, { name: 'marts' }, { name: 'metrics' }]);
});

test('tables and metrics, with the range of the panel', async () => {
  expect(await provider().tables!.resolve(null)).toEqual([
    { name: 'core.deployments' },
    { name: 'marts.days' },
    { name: 'metrics.change_lead_time', completion: 'metrics.change_lead_time($__timeFrom, $__timeTo)' },
  ]);
  expect(await provider().tables!.resolve({ schema: 'core' })).toEqual([{ name: 'deployments' }]);
});

test('columns', async () => {
  expect(await provider().columns!.resolve({ schema: 'core', table: 'deployments' })).toEqual([
    { name: 'deployment_id', type: 'VARCHAR', description: undefined },
    { name: 'finished_at', type: 'TIMESTAMP', description: undefined },
  ]);
  expect(await provider().columns!.resolve({ schema: 'marts', table: 'deployments' })).toEqual([]);
});

test('macros', () => {
  expect(provider().supportedMacros!().map(({ text }) => text)).toContain('$__timeFilter');
});
