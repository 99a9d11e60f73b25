import {
  AdHocFiltersVariable,
  CustomVariable,
  DataSourceVariable,
  EmbeddedScene,
  QueryVariable,
  SceneControlsSpacer,
  SceneDataLayerControls,
  SceneDataLayerSet,
  SceneDataTransformer,
  SceneGridItem,
  SceneGridLayout,
  SceneQueryRunner,
  SceneRefreshPicker,
  SceneTimePicker,
  SceneTimeRange,
  SceneVariableSet,
  TextBoxVariable,
  VariableValueSelectors,
  VizPanel,
  dataLayers,
} from '@grafana/scenes';

function variable(model: any) {
  const { name, label, hide, multi, includeAll, allValue, description } = model;
  const common = { name, label, hide, isMulti: multi, includeAll, allValue, description };
  const current = { value: model.current?.value, text: model.current?.text };
  switch (model.type) {
    case 'datasource':
      return new DataSourceVariable({ ...common, pluginId: model.query });
    case 'custom':
      return new CustomVariable({ ...common, ...current, query: model.query });
    case 'textbox':
      return new TextBoxVariable({ name, label, hide, value: model.query ?? '' });
    case 'adhoc':
      return new AdHocFiltersVariable({
        name,
        label,
        hide,
        datasource: model.datasource,
        filters: model.filters ?? [],
      });
    case 'query': {
      const chosen = current.value === undefined && includeAll ? { value: '$__all', text: 'All' } : current;
      return new QueryVariable({
        ...common,
        ...chosen,
        datasource: model.datasource,
        query: model.query,
        refresh: model.refresh,
        sort: model.sort,
      } as any);
    }
    default:
      throw new Error(`the lab has no variables of type ${model.type}`);
  }
}

/** Panels in the order of the page; those of a collapsed row are shown as well. */
function panels(dashboard: any): any[] {
  return dashboard.panels.flatMap((panel: any) => (panel.type === 'row' ? [panel, ...(panel.panels ?? [])] : [panel]));
}

/** The scene of a dashboard as its JSON (version 1) describes it. */
export function sceneOf(dashboard: any): EmbeddedScene {
  const layers = (dashboard.annotations?.list ?? [])
    .filter((annotation: any) => !annotation.builtIn)
    .map(
      (annotation: any) =>
        new dataLayers.AnnotationsDataLayer({
          name: annotation.name,
          isEnabled: annotation.enable,
          isHidden: annotation.hide,
          query: annotation,
        })
    );
  const children = panels(dashboard).map(
    ({ id, type, title, description, gridPos, options, fieldConfig, datasource, targets, transformations }) =>
      new SceneGridItem({
        x: gridPos.x,
        y: gridPos.y,
        width: gridPos.w,
        height: gridPos.h,
        body: new VizPanel({
          key: `panel-${id}`,
          title,
          description,
          pluginId: type,
          options,
          fieldConfig,
          displayMode: type === 'row' ? 'transparent' : undefined,
          $data: targets?.length
            ? new SceneDataTransformer({
                $data: new SceneQueryRunner({ datasource, queries: targets, maxDataPointsFromWidth: true }),
                transformations: transformations ?? [],
              })
            : undefined,
        }),
      })
  );
  return new EmbeddedScene({
    $timeRange: new SceneTimeRange({ ...dashboard.time, timeZone: dashboard.timezone || 'utc' }),
    $variables: new SceneVariableSet({ variables: (dashboard.templating?.list ?? []).map(variable) }),
    $data: layers.length ? new SceneDataLayerSet({ layers }) : undefined,
    controls: [
      new VariableValueSelectors({}),
      new SceneDataLayerControls(),
      new SceneControlsSpacer(),
      new SceneTimePicker({}),
      new SceneRefreshPicker({}),
    ],
    body: new SceneGridLayout({ children, isLazy: false }),
  });
}
