// Builds dist/ as Grafana loads a data source: one AMD module that takes React and
// Grafana's packages from its host.
import CopyPlugin from 'copy-webpack-plugin';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(resolve(here, 'package.json'), 'utf8'));

// The day of the change that is built, so that two builds of it are the same.
const updated = process.env.DORADO_UPDATED ?? '2026-01-01';

const fill = (content) => content.toString().replaceAll('%VERSION%', version).replaceAll('%TODAY%', updated);

export default (_, { mode = 'production' }) => ({
  mode,
  context: resolve(here, 'src'),
  entry: { module: './module.ts' },
  devtool: 'source-map',
  output: {
    clean: { keep: /^gpx_|^go_plugin_build_manifest$/ },
    path: resolve(here, 'dist'),
    filename: '[name].js',
    chunkFilename: '[name].js?_cache=[contenthash]',
    library: { type: 'amd' },
    publicPath: 'public/plugins/dorado-metrics-datasource/',
    uniqueName: 'dorado-metrics-datasource',
  },
  externals: [
    'react',
    'react-dom',
    'rxjs',
    'rxjs/operators',
    'lodash',
    'moment',
    '@emotion/css',
    '@emotion/react',
    '@grafana/data',
    '@grafana/runtime',
    '@grafana/ui',
    'react-router-dom',
    'i18next',
  ],
  resolve: { extensions: ['.ts', '.tsx', '.js'] },
  module: {
    rules: [
      {
        test: /\.tsx?$/,
        exclude: /node_modules/,
        loader: 'swc-loader',
        options: {
          jsc: {
            target: 'es2022',
            parser: { syntax: 'typescript', tsx: true },
            // Without react/jsx-runtime the module runs on React 18 and 19.
            transform: { react: { runtime: 'classic' } },
          },
        },
      },
    ],
  },
  performance: { hints: false },
  plugins: [
    new CopyPlugin({
      patterns: [
        { from: 'plugin.json', transform: fill },
        { from: 'README.md' },
        { from: 'img/**/*' },
        { from: 'dashboards/**/*.json', noErrorOnMissing: true },
        { from: '../CHANGELOG.md' },
        { from: '../../LICENSE', toType: 'file', to: 'LICENSE' },
      ],
    }),
  ],
});
