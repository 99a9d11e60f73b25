import { DataSourcePlugin } from '@grafana/data';
import { ConfigEditor } from './components/ConfigEditor';
import { QueryEditor } from './components/QueryEditor';
import { DoradoDataSource } from './datasource';
import { DoradoOptions, DoradoQuery, DoradoSecrets } from './types';

export const plugin = new DataSourcePlugin<DoradoDataSource, DoradoQuery, DoradoOptions, DoradoSecrets>(
  DoradoDataSource
)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor);
