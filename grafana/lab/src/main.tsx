import { AnnotationQuery, DataSourceApi, ThemeContext, createTheme } from '@grafana/data';
import * as runtime from '@grafana/runtime';
import { DataQuery } from '@grafana/schema';
import {
  EmbeddedScene,
  SceneQueryRunner,
  SceneTimeRange,
  VizPanel,
  SceneFlexItem,
  SceneFlexLayout,
  SceneTimePicker,
  SceneControlsSpacer,
} from '@grafana/scenes';
import { Alert, Button, GlobalStyles, PortalContainer, Stack, TextLink } from '@grafana/ui';
import React, { useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { MemoryRouter } from 'react-router-dom';
import { sceneOf } from './dashboard';
import { loadPlugin } from './module';
import { panel } from './panels';
import { fillServices, pluginURL } from './services';

interface Props {
  plugin: any;
  datasource: DataSourceApi<any, any>;
  saved: any;
  parameters: URLSearchParams;
}

/** The settings of the data source, as Grafana has them on a page of its own. */
function Config({ plugin, datasource, saved }: Props) {
  const Editor = plugin.components.ConfigEditor;
  const [options, setOptions] = useState<any>(saved);
  const [health, setHealth] = useState<{ status: string; message: string }>();
  const saveAndTest = async () => {
    try {
      const { datasource: stored } = await runtime.getBackendSrv().put('/api/datasources/uid/dorado', options);
      setOptions({ ...stored, secureJsonData: {} });
      setHealth(await datasource.testDatasource());
    } catch (error: any) {
      setHealth({ status: 'error', message: error.message ?? String(error) });
    }
  };
  return (
    <div style={{ maxWidth: 900 }}>
      <section data-testid="editor">
        <Editor options={options} onOptionsChange={setOptions} />
      </section>
      <Button onClick={saveAndTest}>Save &amp; test</Button>
      {health && <Alert title={health.message} severity={health.status === 'success' ? 'success' : 'error'} />}
    </div>
  );
}

/** A panel of the result below an editor. */
function Result({ query, type, runs }: { query: DataQuery; type: string; runs: number }) {
  const scene = useMemo(
    () =>
      new EmbeddedScene({
        $timeRange: new SceneTimeRange({ from: 'now-90d', to: 'now', timeZone: 'utc' }),
        $data: new SceneQueryRunner({
          datasource: { uid: 'dorado', type: 'dorado-metrics-datasource' },
          queries: [query],
          maxDataPoints: 500,
        }),
        controls: [new SceneControlsSpacer(), new SceneTimePicker({})],
        body: new SceneFlexLayout({
          children: [new SceneFlexItem({ minHeight: 360, body: new VizPanel({ title: 'Result', pluginId: type }) })],
        }),
      }),
    // It runs again where it is run again.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [runs, type]
  );
  return <scene.Component model={scene} />;
}

function Query({ plugin, datasource }: Props) {
  const Editor = plugin.components.QueryEditor;
  const [query, setQuery] = useState<any>({ refId: 'A', ...datasource.getDefaultQuery?.('panel-editor' as any) });
  const [runs, setRuns] = useState(0);
  const isTable = query.queryType === 'explain' || query.queryType === 'slo' || query.format === 'table';
  return (
    <>
      <section data-testid="editor">
        <Editor
          query={query}
          onChange={setQuery}
          onRunQuery={() => setRuns((runs) => runs + 1)}
          datasource={datasource}
        />
      </section>
      <Result query={query} type={isTable ? 'table' : 'timeseries'} runs={runs} />
      <pre data-testid="query">{JSON.stringify(query, null, 2)}</pre>
    </>
  );
}

function Variable({ datasource }: Props) {
  const Editor = (datasource.variables as any).editor;
  const [query, setQuery] = useState<any>({
    refId: 'A',
    queryType: 'variable',
    variable: 'dimension',
    dimension: 'service',
  });
  const [runs, setRuns] = useState(0);
  return (
    <>
      <section data-testid="editor">
        <Editor
          query={query}
          onChange={setQuery}
          onRunQuery={() => setRuns((runs) => runs + 1)}
          datasource={datasource}
        />
      </section>
      <Result query={query} type="table" runs={runs} />
      <pre data-testid="query">{JSON.stringify(query, null, 2)}</pre>
    </>
  );
}

function Annotation({ datasource }: Props) {
  const Editor = datasource.annotations!.QueryEditor as any;
  const [annotation, setAnnotation] = useState<any>(
    datasource.annotations!.prepareAnnotation!({ name: 'dorado', enable: true, iconColor: 'red' } as AnnotationQuery)
  );
  const [runs, setRuns] = useState(0);
  const query = { ...annotation.target, refId: 'Anno' };
  return (
    <>
      <section data-testid="editor">
        <Editor
          query={query}
          annotation={annotation}
          onAnnotationChange={setAnnotation}
          onChange={() => {}}
          onRunQuery={() => setRuns((runs) => runs + 1)}
          datasource={datasource}
        />
      </section>
      <Result query={query} type="table" runs={runs} />
      <pre data-testid="query">{JSON.stringify(query, null, 2)}</pre>
    </>
  );
}

function Dashboard({ scene }: { scene: EmbeddedScene }) {
  return <scene.Component model={scene} />;
}

const views: Record<string, React.ComponentType<Props>> = {
  config: Config,
  query: Query,
  variable: Variable,
  annotation: Annotation,
};

async function start() {
  const parameters = new URLSearchParams(location.search);
  const theme = createTheme({ colors: { mode: parameters.get('theme') === 'light' ? 'light' : 'dark' } });
  runtime.config.theme2 = theme;
  const plugin = await loadPlugin(`${pluginURL}module.js`);
  const services = await fillServices(plugin);
  runtime.setPluginImportUtils({
    importPanelPlugin: async (id: string) => panel(id),
    getPanelPluginFromCache: (id: string) => panel(id),
  } as any);

  const names: string[] = await (await fetch('/dashboards')).json();
  const view = parameters.get('view') ?? 'query';
  const dashboard = parameters.get('dashboard');
  const View = views[view];
  let body: React.ReactNode = View && <View plugin={plugin} {...services} parameters={parameters} />;
  if (dashboard) {
    const model = await (await fetch(`${pluginURL}dashboards/${dashboard}.json`)).json();
    body = <Dashboard scene={sceneOf(model)} />;
  }
  const link = (query: string, text: string) => (
    <TextLink
      key={query}
      href={`/?${query}&theme=${theme.colors.mode}`}
      external={false}
      onClick={(event: any) => {
        event.preventDefault();
        location.href = `/?${query}&theme=${theme.colors.mode}`;
      }}
    >
      {text}
    </TextLink>
  );
  createRoot(document.getElementById('root')!).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <MemoryRouter>
        <div
          style={{
            background: theme.colors.background.canvas,
            minHeight: '100vh',
            padding: 16,
            boxSizing: 'border-box',
          }}
        >
          <header>
            <Stack direction="row" gap={2} wrap="wrap">
              <span>dorado lab: not Grafana, but its packages</span>
              {Object.keys(views).map((name) => link(`view=${name}`, name))}
              {names.map((name) => link(`dashboard=${name}`, name))}
            </Stack>
          </header>
          <main style={{ marginTop: 16 }}>{body}</main>
          <PortalContainer />
        </div>
      </MemoryRouter>
    </ThemeContext.Provider>
  );
}

start().catch((error) => {
  document.body.innerText = String(error?.stack ?? error);
  throw error;
});
