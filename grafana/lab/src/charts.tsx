// Charts of which @grafana/ui has none: plain, and true to the data.
import { DisplayProcessor, FieldType, PanelProps, getDisplayProcessor, getFieldDisplayName } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import React from 'react';

const labels = 120; // pixels for the names at the left
const axis = 20; // for those below

interface BarChartProps {
  width: number;
  height: number;
  names: string[];
  series: Array<{ name: string; values: Array<number | null> }>;
  text?: DisplayProcessor;
  isHorizontal?: boolean;
}

/** Bars that lie, a group for each name at their left. */
function LyingBars({ width, height, names, series, text }: BarChartProps) {
  const theme = useTheme2();
  const most = Math.max(...series.flatMap(({ values }) => values.map((value) => value ?? 0)), 0) || 1;
  const group = height / names.length;
  const bar = (group * 0.7) / series.length;
  return (
    <svg width={width} height={height} role="img" aria-label={series.map(({ name }) => name).join(', ')}>
      {names.map((name, row) => (
        <g key={row}>
          <text x={0} y={row * group + group / 2 + 4} fontSize={12} fill={theme.colors.text.primary}>
            {name}
          </text>
          {series.map(({ name: title, values }, number) => (
            <rect
              key={number}
              x={2 * labels}
              y={row * group + group * 0.15 + number * bar}
              width={((values[row] ?? 0) / most) * (width - 2 * labels)}
              height={Math.max(bar - 1, 1)}
              fill={theme.visualization.getColorByName(
                theme.visualization.palette[number % theme.visualization.palette.length]
              )}
            >
              <title>{`${name}: ${title} ${text?.(values[row]).text ?? values[row]}`}</title>
            </rect>
          ))}
        </g>
      ))}
    </svg>
  );
}

/** A group of bars for each name, one of each series. */
export function BarChart(props: BarChartProps) {
  return props.isHorizontal ? <LyingBars {...props} /> : <StandingBars {...props} />;
}

function StandingBars({ width, height, names, series, text }: BarChartProps) {
  const theme = useTheme2();
  const most = Math.max(...series.flatMap(({ values }) => values.map((value) => value ?? 0)), 0) || 1;
  const group = width / names.length;
  const bar = (group * 0.8) / series.length;
  const scale = (height - axis - 14) / most;
  const every = Math.ceil(60 / group);
  return (
    <svg width={width} height={height} role="img" aria-label={series.map(({ name }) => name).join(', ')}>
      {series.map(({ name, values }, number) =>
        values.map((value, row) => {
          const tall = Math.max((value ?? 0) * scale, 0);
          const x = row * group + group * 0.1 + number * bar;
          const shown = value === null ? '' : (text?.(value).text ?? String(value));
          return (
            <g key={`${number}-${row}`}>
              <title>{`${names[row]}: ${name} ${shown}`}</title>
              <rect
                x={x}
                y={height - axis - tall}
                width={Math.max(bar - 1, 1)}
                height={tall}
                fill={theme.visualization.getColorByName(
                  theme.visualization.palette[number % theme.visualization.palette.length]
                )}
              />
            </g>
          );
        })
      )}
      {names.map(
        (name, row) =>
          row % every === 0 && (
            <text
              key={row}
              x={row * group + group / 2}
              y={height - 6}
              textAnchor="middle"
              fontSize={11}
              fill={theme.colors.text.secondary}
            >
              {name}
            </text>
          )
      )}
    </svg>
  );
}

/** A line for each field, with its states over the time of the panel. */
export function StateTimeline({ data, width, height, timeRange, timeZone }: PanelProps<any>) {
  const theme = useTheme2();
  const from = timeRange.from.valueOf();
  const scale = (width - labels) / (timeRange.to.valueOf() - from);
  const rows = data.series.flatMap((frame) => {
    const time = frame.fields.find(({ type }) => type === FieldType.time);
    return time ? frame.fields.filter((field) => field !== time).map((field) => ({ frame, time, field })) : [];
  });
  const tall = Math.min(40, height / Math.max(rows.length, 1));
  return (
    <svg width={width} height={height} role="img" aria-label="States over time">
      {rows.map(({ frame, time, field }, row) => {
        const show = field.display ?? getDisplayProcessor({ field, theme, timeZone });
        return (
          <g key={row}>
            <text x={0} y={row * tall + tall / 2 + 4} fontSize={12} fill={theme.colors.text.primary}>
              {getFieldDisplayName(field, frame, data.series)}
            </text>
            {field.values.map((value: unknown, at: number) => {
              const begin = Math.max(time.values[at], from);
              const end = Math.min(time.values[at + 1] ?? timeRange.to.valueOf(), timeRange.to.valueOf());
              const shown = show(value);
              return (
                value !== null &&
                end > begin && (
                  <rect
                    key={at}
                    x={labels + (begin - from) * scale}
                    y={row * tall + 2}
                    width={(end - begin) * scale}
                    height={tall - 4}
                    fill={shown.color ?? theme.colors.primary.main}
                  >
                    <title>{shown.text}</title>
                  </rect>
                )
              );
            })}
          </g>
        );
      })}
    </svg>
  );
}

/** A column for each row of the frame, a cell for each field, the darker the more. */
export function Heatmap({ data, width, height }: PanelProps<any>) {
  const theme = useTheme2();
  const [frame] = data.series;
  const fields = frame?.fields.filter(({ type }) => type === FieldType.number) ?? [];
  if (!frame?.length || fields.length === 0) {
    return <div data-testid="no-data">No data</div>;
  }
  const most = Math.max(...fields.flatMap(({ values }) => values.map((value: number | null) => value ?? 0))) || 1;
  const cell = { width: (width - labels) / frame.length, height: height / fields.length };
  return (
    <svg width={width} height={height} role="img" aria-label="Heatmap">
      {fields.map((field, row) => (
        <g key={row}>
          <text
            x={0}
            y={height - row * cell.height - cell.height / 2 + 4}
            fontSize={12}
            fill={theme.colors.text.primary}
          >
            {getFieldDisplayName(field, frame)}
          </text>
          {field.values.map((value: number | null, column: number) => (
            <rect
              key={column}
              x={labels + column * cell.width}
              y={height - (row + 1) * cell.height}
              width={Math.max(cell.width - 1, 1)}
              height={Math.max(cell.height - 1, 1)}
              fill={theme.colors.primary.main}
              opacity={(value ?? 0) / most}
            >
              <title>{String(value)}</title>
            </rect>
          ))}
        </g>
      ))}
    </svg>
  );
}
