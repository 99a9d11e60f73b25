import { getStandardSQLCompletionProvider, LanguageDefinition, MacroType } from '@grafana/plugin-ui';
import { DoradoDataSource } from './datasource';

/** The macros as the editor offers and colours them; the backend expands them. */
const macros = [
  {
    id: '$__timeFilter',
    text: '$__timeFilter',
    args: ['column'],
    type: MacroType.Filter,
    description: 'The column is in the range of the panel.',
  },
  {
    id: '$__timeFrom',
    text: '$__timeFrom',
    args: [],
    type: MacroType.Value,
    description: "The range's first instant.",
  },
  { id: '$__timeTo', text: '$__timeTo', args: [], type: MacroType.Value, description: 'The instant after the range.' },
  {
    id: '$__timeGroup',
    text: '$__timeGroup',
    args: ['column', "'1 day'"],
    type: MacroType.Group,
    description: "The beginning of the column's day, week, …",
  },
  {
    id: '$__interval',
    text: '$__interval',
    args: [],
    type: MacroType.Value,
    description: 'The time between two points of a chart, as an interval.',
  },
  {
    id: '$__interval_ms',
    text: '$__interval_ms',
    args: [],
    type: MacroType.Value,
    description: 'The same in milliseconds.',
  },
  {
    id: '$__unixEpochFilter',
    text: '$__unixEpochFilter',
    args: ['column'],
    type: MacroType.Filter,
    description: 'The column, in seconds since 1970, is in the range of the panel.',
  },
];

/** SQL as the editor knows it: tables, columns and metrics are those of the snapshot. */
export function languageOf(datasource: DoradoDataSource): LanguageDefinition {
  return {
    id: 'sql',
    completionProvider: (monaco, language) => ({
      ...(language && getStandardSQLCompletionProvider(monaco, language)),
      triggerCharacters: ['.', ' ', '$', ',', '(', "'"],
      schemas: {
        resolve: async () => {
          const { tables, macros } = await datasource.schema();
          const names = new Set([...tables, ...macros].map(({ schema }) => schema));
          return [...names].sort().map((name) => ({ name }));
        },
      },
      tables: {
        resolve: async (identifier) => {
          const { tables, macros } = await datasource.schema();
          const isAsked = (schema: string) => !identifier?.schema || identifier.schema === schema;
          const prefix = (schema: string) => (identifier?.schema ? '' : `${schema}.`);
          return [
            ...tables
              .filter(({ schema }) => isAsked(schema))
              .map(({ schema, name }) => ({ name: prefix(schema) + name })),
            ...macros
              .filter(({ schema, is_table }) => is_table && isAsked(schema))
              .map(({ schema, name, parameters }) => ({
                name: prefix(schema) + name,
                completion: prefix(schema) + call(name, parameters),
              })),
          ];
        },
        parseName: (token) => {
          const [schema, table] = (token?.value ?? '').split('.');
          return table === undefined ? { table: schema } : { schema, table };
        },
      },
      columns: {
        resolve: async (identifier) => {
          const { tables } = await datasource.schema();
          const named = tables.filter(
            ({ schema, name }) => name === identifier?.table && (!identifier.schema || schema === identifier.schema)
          );
          return named.flatMap(({ columns }) =>
            columns.map(({ name, type, description }) => ({ name, type, description: description ?? undefined }))
          );
        },
      },
      supportedMacros: () => macros,
    }),
  };
}

/** Parameters that have a default where they are of a metric. */
const defaulted = ['grain', 'by_dimension', 'filters'];

/** A call of a macro over the panel's range; what has a default is left out. */
function call(name: string, parameters: string): string {
  const wanted = parameters
    .split(',')
    .map((parameter) => parameter.split(':=')[0].trim())
    .filter((parameter) => parameter !== '' && !defaulted.includes(parameter));
  const values: Record<string, string> = { from_at: '$__timeFrom', to_at: '$__timeTo' };
  return `${name}(${wanted.map((parameter) => values[parameter] ?? parameter).join(', ')})`;
}
