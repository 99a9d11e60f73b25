// Stand-ins for the panels of Grafana's core, which no package has, drawn with
// @grafana/ui. They show what a panel is about, not how Grafana draws it.
import {
  FieldColorModeId,
  FieldType,
  PanelPlugin,
  PanelProps,
  VizOrientation,
  cacheFieldDisplayNames,
  getDisplayProcessor,
  getDisplayValueAlignmentFactors,
  getFieldDisplayName,
  getFieldDisplayValues,
  renderMarkdown,
} from '@grafana/data';
import { BarGaugeDisplayMode, GraphDrawStyle, LegendDisplayMode, VisibilityMode } from '@grafana/schema';
import {
  BarGauge,
  BigValue,
  BigValueColorMode,
  BigValueGraphMode,
  TimeSeries,
  UPlotConfigBuilder,
  VizRepeater,
  useTheme2,
} from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import React from 'react';
import { BarChart, Heatmap, StateTimeline } from './charts';

function NoData({ fieldConfig }: PanelProps) {
  return <div data-testid="no-data">{fieldConfig.defaults.noValue ?? 'No data'}</div>;
}

function useValues({ data, options, fieldConfig, timeZone, replaceVariables }: PanelProps<any>, sparkline: boolean) {
  const theme = useTheme2();
  const reduceOptions = options.reduceOptions ?? { calcs: ['lastNotNull'] };
  return () =>
    getFieldDisplayValues({
      fieldConfig,
      reduceOptions,
      replaceVariables,
      theme,
      data: data.series,
      sparkline,
      timeZone,
    });
}

function Stat(props: PanelProps<any>) {
  const { data, options, width, height } = props;
  const theme = useTheme2();
  const getValues = useValues(props, options.graphMode !== 'none');
  return (
    <VizRepeater
      getValues={getValues}
      source={data}
      width={width}
      height={height}
      renderCounter={0}
      orientation={options.orientation ?? VizOrientation.Auto}
      autoGrid
      renderValue={({ value, width, height }) => (
        <BigValue
          value={value.display}
          sparkline={value.sparkline}
          width={width}
          height={height}
          theme={theme}
          text={options.text}
          textMode={options.textMode}
          colorMode={options.colorMode ?? BigValueColorMode.Value}
          graphMode={options.graphMode ?? BigValueGraphMode.Area}
        />
      )}
    />
  );
}

function Bars(props: PanelProps<any>) {
  const { data, options, width, height } = props;
  const theme = useTheme2();
  return (
    <VizRepeater
      getValues={useValues(props, false)}
      source={data}
      width={width}
      height={height}
      renderCounter={0}
      orientation={VizOrientation.Horizontal}
      itemSpacing={6}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, width, height, alignmentFactors }) => (
        <BarGauge
          value={value.display}
          width={width}
          height={height}
          orientation={VizOrientation.Horizontal}
          field={value.field}
          text={options.text ?? {}}
          display={value.view?.getFieldDisplayProcessor(value.colIndex!)}
          theme={theme}
          itemSpacing={6}
          lcdCellWidth={8}
          displayMode={options.displayMode ?? BarGaugeDisplayMode.Gradient}
          alignmentFactors={alignmentFactors}
        />
      )}
    />
  );
}

function Lines(props: PanelProps<any>) {
  const { data, options, width, height, timeZone, timeRange } = props;
  const frames = data.series.filter(
    ({ fields }) =>
      fields.some(({ type }) => type === FieldType.time) && fields.some(({ type }) => type === FieldType.number)
  );
  if (!frames.some(({ length }) => length > 0)) {
    return <NoData {...props} />;
  }
  return (
    <TimeSeries
      frames={frames}
      structureRev={data.structureRev}
      timeRange={timeRange}
      timeZone={timeZone}
      width={width}
      height={height}
      legend={{
        displayMode: LegendDisplayMode.List,
        placement: 'bottom',
        showLegend: true,
        calcs: [],
        ...options.legend,
      }}
      options={options}
    >
      {(builder: UPlotConfigBuilder) => <Annotations builder={builder} frames={data.annotations ?? []} />}
    </TimeSeries>
  );
}

const drawn = new WeakSet<UPlotConfigBuilder>();

/** Draws annotations as dashed lines, and those with a length as regions. */
function Annotations({ builder, frames }: { builder: UPlotConfigBuilder; frames: any[] }) {
  const plot = React.useRef<any>(null);
  const current = React.useRef(frames);
  React.useLayoutEffect(() => {
    builder.addHook('ready', (made: any) => {
      plot.current = made;
    });
    if (drawn.has(builder)) {
      return;
    }
    drawn.add(builder);
    builder.addHook('draw', ({ valToPos, bbox, ctx }: any) => {
      for (const frame of current.current) {
        const values = (name: string) => frame.fields.find((field: any) => field.name === name)?.values ?? [];
        const [times, ends, colors] = [values('time'), values('timeEnd'), values('color')];
        for (let i = 0; i < times.length; i++) {
          const left = valToPos(times[i], 'x', true);
          ctx.save();
          ctx.strokeStyle = ctx.fillStyle = colors[i] ?? 'red';
          ctx.setLineDash([5, 5]);
          ctx.lineWidth = 2;
          ctx.beginPath();
          ctx.moveTo(left, bbox.top);
          ctx.lineTo(left, bbox.top + bbox.height);
          ctx.stroke();
          if (ends[i]) {
            ctx.globalAlpha = 0.15;
            ctx.fillRect(left, bbox.top, valToPos(ends[i], 'x', true) - left, bbox.height);
          }
          ctx.restore();
        }
      }
    });
  }, [builder]);
  React.useEffect(() => {
    current.current = frames;
    plot.current?.redraw();
  }, [frames]);
  return null;
}

function Table(props: PanelProps<any>) {
  const { data, options, width, height } = props;
  const frame = data.series[options.frameIndex ?? 0];
  if (!frame?.length) {
    return <NoData {...props} />;
  }
  cacheFieldDisplayNames(data.series); // as Grafana does before it draws
  const rest = { noHeader: false, showTypeIcons: false, enableSharedCrosshair: false, structureRev: data.structureRev };
  return <TableNG data={frame} width={width} height={height} {...(rest as any)} />;
}

function Text({ options, replaceVariables }: PanelProps<any>) {
  return <div dangerouslySetInnerHTML={{ __html: renderMarkdown(replaceVariables(options.content ?? '')) }} />;
}

/** A panel that has no stand-in, so that nobody takes an empty box for one. */
function missing(id: string) {
  return function Missing() {
    return <div data-testid="no-stand-in">The lab has no stand-in for panels of type {id}</div>;
  };
}

function Categories({ data, ...props }: PanelProps<any>) {
  const [frame] = data.series;
  const names =
    frame?.fields.find(({ name }) => name === props.options.xField) ??
    frame?.fields.find(({ type }) => type === FieldType.string || type === FieldType.time);
  const numbers = frame?.fields.filter((field) => field.type === FieldType.number && field !== names) ?? [];
  const theme = useTheme2();
  if (!frame?.length || numbers.length === 0) {
    return <NoData data={data} {...props} />;
  }
  const shown = names && getDisplayProcessor({ field: names, theme, timeZone: props.timeZone });
  return (
    <BarChart
      width={props.width}
      height={props.height}
      names={frame.fields[0].values.map((_: unknown, row: number) =>
        shown ? shown(names.values[row]).text : String(row + 1)
      )}
      series={numbers.map((field) => ({ name: getFieldDisplayName(field, frame), values: field.values }))}
      text={numbers[0].display}
      isHorizontal={props.options.orientation === 'horizontal'}
    />
  );
}

const graphDefaults = {
  drawStyle: GraphDrawStyle.Line,
  lineInterpolation: 'linear',
  lineWidth: 1,
  lineStyle: { fill: 'solid' },
  fillOpacity: 0,
  gradientMode: 'none',
  showPoints: VisibilityMode.Auto,
  pointSize: 5,
  axisPlacement: 'auto',
  spanNulls: false,
  stacking: { mode: 'none', group: 'A' },
  scaleDistribution: { type: 'linear' },
  hideFrom: { tooltip: false, viz: false, legend: false },
  thresholdsStyle: { mode: 'off' },
};

function graph(Component: React.ComponentType<PanelProps<any>>): PanelPlugin<any> {
  // Scenes gives annotations only to panels that say they can draw them.
  return new PanelPlugin<any>(Component).setDataSupport({ annotations: true, alertStates: true }).useFieldConfig({
    standardOptions: { color: { settings: {}, defaultValue: { mode: FieldColorModeId.PaletteClassic } } as any },
    useCustomConfig: (builder) => {
      for (const [id, defaultValue] of Object.entries(graphDefaults)) {
        const part = { id, path: id, name: id, editor: () => null, override: () => null, defaultValue };
        builder.addCustomEditor({ ...part, process: (value: unknown) => value, shouldApply: () => true } as any);
      }
    },
  });
}

/** What tables can be told of columns, as far as our dashboards do. */
const columns = ['width', 'minWidth', 'hideFrom', 'wrapHeaderText'];

/** A panel whose fields can have custom options; without these names overrides are ignored. */
function withColumns(Component: React.ComponentType<PanelProps<any>>): PanelPlugin<any> {
  return new PanelPlugin<any>(Component).useFieldConfig({
    useCustomConfig: (builder) => {
      for (const id of columns) {
        const part = { id, path: id, name: id, editor: () => null, override: () => null };
        builder.addCustomEditor({ ...part, process: (value: unknown) => value, shouldApply: () => true } as any);
      }
    },
  });
}

const plain = (Component: React.ComponentType<PanelProps<any>>) => new PanelPlugin<any>(Component).useFieldConfig({});

const panels: Record<string, PanelPlugin<any>> = {
  timeseries: graph(Lines),
  stat: plain(Stat),
  bargauge: plain(Bars),
  gauge: plain(Bars),
  table: withColumns(Table),
  text: plain(Text),
  row: plain(() => <span data-testid="row" />),
  barchart: plain(Categories),
  histogram: plain(Categories),
  piechart: plain(Bars),
  'state-timeline': plain(StateTimeline),
  'status-history': plain(StateTimeline),
  heatmap: plain(Heatmap),
};

/** The panel of that type, or what says that there is none. */
export function panel(id: string): PanelPlugin<any> {
  const known = (panels[id] ??= new PanelPlugin(missing(id)));
  known.meta = { id, name: id, info: { logos: { small: '', large: '' } } } as any;
  return known;
}
