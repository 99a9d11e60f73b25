import { AnnotationQuery, AnnotationSupport } from '@grafana/data';
import { AnnotationEditor } from './components/AnnotationEditor';
import { AnnotationKind, DoradoQuery } from './types';

/** What to draw over charts; one of them is chosen in the editor. */
export const presets: Array<{ label: string; description: string; kinds: AnnotationKind[] }> = [
  { label: 'Deployments', description: 'All to production', kinds: ['deployment', 'failed_deployment', 'rollback'] },
  { label: 'Failed deployments', description: 'Those that failed', kinds: ['failed_deployment'] },
  { label: 'Rollbacks', description: 'Back to an earlier version', kinds: ['rollback'] },
  { label: 'Incidents', description: 'From trigger to resolution', kinds: ['incident'] },
  { label: 'Freezes', description: 'An error budget was overspent', kinds: ['freeze'] },
];

export const annotationSupport: AnnotationSupport<DoradoQuery> = {
  QueryEditor: AnnotationEditor,
  getDefaultQuery: () => ({ queryType: 'annotation', kinds: presets[0].kinds }),
  prepareAnnotation: (json: AnnotationQuery<DoradoQuery>) => ({
    ...json,
    target: json.target ?? { refId: 'Anno', queryType: 'annotation', kinds: presets[0].kinds },
  }),
};
