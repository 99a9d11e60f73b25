import { CustomVariableSupport, DataQueryRequest, DataQueryResponse } from '@grafana/data';
import { Observable } from 'rxjs';
import { VariableEditor } from './components/VariableEditor';
import type { DoradoDataSource } from './datasource';
import { DoradoQuery } from './types';

/** Variables of dashboards: the backend answers with the columns text and value. */
export class DoradoVariables extends CustomVariableSupport<DoradoDataSource, DoradoQuery> {
  editor = VariableEditor;

  constructor(private readonly datasource: DoradoDataSource) {
    super();
  }

  query(request: DataQueryRequest<DoradoQuery>): Observable<DataQueryResponse> {
    const targets = request.targets.map((target) => ({
      ...target,
      refId: target.refId || 'variable',
      queryType: 'variable' as const,
    }));
    return this.datasource.query({ ...request, targets });
  }
}
