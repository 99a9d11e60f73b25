// Fills the services that @grafana/runtime hands out with the least that plugins and
// scenes need.
import {
  DataQueryRequest,
  DataSourceApi,
  DataSourceInstanceSettings,
  DataSourcePlugin,
  EventBusSrv,
  FieldConfigPropertyItem,
  LoadingState,
  PanelData,
  ScopedVars,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  identityOverrideProcessor,
  numberOverrideProcessor,
  standardEditorsRegistry,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
  stringOverrideProcessor,
  thresholdsOverrideProcessor,
  toDataFrame,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';
import * as runtime from '@grafana/runtime';
import { SceneObject, sceneGraph } from '@grafana/scenes';
import { Observable, catchError, from, map, of } from 'rxjs';

export const pluginURL = '/public/plugins/dorado-metrics-datasource/';

/** Sends a request as Grafana's backendSrv does: an answer that is no 2xx is thrown. */
async function send(request: any) {
  const parameters = new URLSearchParams(request.params ?? {}).toString();
  const address = request.url.startsWith('/') ? request.url : `/${request.url}`;
  const url = parameters ? `${address}${address.includes('?') ? '&' : '?'}${parameters}` : address;
  const response = await fetch(url, {
    method: request.method ?? 'GET',
    headers: { 'Content-Type': 'application/json', ...request.headers },
    body: request.data === undefined ? undefined : JSON.stringify(request.data),
  });
  const text = await response.text();
  let data: unknown = text;
  try {
    data = JSON.parse(text);
  } catch {
    // It is text.
  }
  const { ok, status, statusText, headers } = response;
  const answer = {
    data,
    ok,
    status,
    statusText,
    headers,
    url,
    redirected: false,
    type: response.type,
    config: request,
  };
  if (!ok) {
    throw answer;
  }
  return answer;
}

/** Asks the data source as Grafana's query runner does. */
function runRequest(datasource: DataSourceApi, request: DataQueryRequest): Observable<PanelData> {
  const base: PanelData = { state: LoadingState.Loading, series: [], request, timeRange: request.range };
  return from(datasource.query(request) as Observable<any>).pipe(
    map((answer) => ({
      ...base,
      state: answer.error || answer.errors?.length ? LoadingState.Error : LoadingState.Done,
      series: (answer.data ?? []).map(toDataFrame),
      error: answer.error ?? answer.errors?.[0],
      errors: answer.errors,
    })),
    catchError((error) =>
      of({
        ...base,
        state: LoadingState.Error,
        error: { message: error?.data?.message ?? error?.message ?? String(error) },
      })
    )
  );
}

const nothing = () => null;

function standard(id: string, process: any, extra: object = {}): FieldConfigPropertyItem<any, any, any> {
  return {
    id,
    path: id,
    name: id,
    description: '',
    editor: nothing,
    override: nothing,
    process,
    settings: {},
    shouldApply: () => true,
    getItemsCount: () => 0,
    category: [],
    ...extra,
  };
}

/** What all panels know of fields: units, thresholds and the like. */
const standardFieldConfigs = () => [
  standard('unit', unitOverrideProcessor),
  standard('min', numberOverrideProcessor),
  standard('max', numberOverrideProcessor),
  standard('decimals', numberOverrideProcessor),
  standard('displayName', displayNameOverrideProcessor, { settings: { expandTemplateVars: true } }),
  standard('color', identityOverrideProcessor),
  standard('noValue', stringOverrideProcessor),
  standard('links', dataLinksOverrideProcessor),
  standard('mappings', valueMappingsOverrideProcessor, { defaultValue: [] }),
  standard('thresholds', thresholdsOverrideProcessor, {
    defaultValue: {
      mode: 'absolute',
      steps: [
        { value: -Infinity, color: 'green' },
        { value: 80, color: 'red' },
      ],
    },
  }),
];

const editors = [
  'number',
  'text',
  'boolean',
  'select',
  'multi-select',
  'radio',
  'unit',
  'links',
  'mappings',
  'thresholds',
  'color',
  'fieldColor',
  'stats-picker',
  'strings',
  'timezone',
  'slider',
  'field-name',
  'dashboard-uid',
  'actions',
  'cell-links',
];

/** Fills the services, and returns the data source. */
export async function fillServices(plugin: DataSourcePlugin<any, any, any, any>) {
  const meta = await (await fetch(`${pluginURL}plugin.json`)).json();
  const saved = await (await fetch('/api/datasources/uid/dorado')).json();
  runtime.setBackendSrv({
    fetch: (request: any) => from(send(request)),
    datasourceRequest: send,
    get: async (url: string, params?: any) => (await send({ url, params })).data,
    post: async (url: string, data?: any) => (await send({ url, data, method: 'POST' })).data,
    put: async (url: string, data?: any) => (await send({ url, data, method: 'PUT' })).data,
    chunked: () => of(),
  } as any);
  runtime.setAppEvents(new EventBusSrv() as any);
  runtime.setEchoSrv({ flush() {}, addBackend() {}, addEvent() {} } as any);
  runtime.setReturnToPreviousHook(() => () => {});
  runtime.setPluginLinksHook(() => ({ links: [], isLoading: false }));
  runtime.setPluginComponentsHook(() => ({ components: [], isLoading: false }) as any);
  runtime.setTemplateSrv({
    getVariables: () => [],
    containsTemplate: (text?: string) => Boolean(text?.includes('$')),
    updateTimeRange() {},
    replace: (text?: string, variables?: ScopedVars, format?: any) => {
      const scene = (variables?.__sceneObject as any)?.value?.valueOf?.() as SceneObject | undefined;
      return scene ? sceneGraph.interpolate(scene, text, variables, format) : (text ?? '');
    },
  } as any);
  const settings = {
    ...saved,
    isDefault: true,
    readOnly: false,
    meta: { ...meta, module: '', baseUrl: pluginURL, info: { ...meta.info, logos: { small: '', large: '' } } },
  } as DataSourceInstanceSettings;
  runtime.config.datasources = { dorado: settings as any };
  runtime.config.defaultDatasource = 'dorado';
  const datasource: DataSourceApi = new (plugin.DataSourceClass as any)(settings);
  datasource.components = plugin.components as any;
  (datasource as any).meta = settings.meta;
  runtime.setDataSourceSrv({
    get: async () => datasource,
    getList: () => [settings],
    getInstanceSettings: () => settings,
    reload() {},
    registerRuntimeDataSource() {},
  } as any);
  runtime.setRunRequest(runRequest as any);
  standardTransformersRegistry.setInit(
    () =>
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way to fill the registry
      Object.values(standardTransformers).map((transformation: any) => ({
        id: transformation.id,
        name: transformation.name,
        transformation: () => Promise.resolve(transformation),
        editor: nothing,
      })) as any
  );
  standardEditorsRegistry.setInit(
    () => editors.map((id) => ({ id, name: id, editor: nothing, description: '' })) as any
  );
  standardFieldConfigEditorRegistry.setInit(standardFieldConfigs as any);
  return { datasource, saved };
}
