import * as emotionCss from '@emotion/css';
import * as emotionReact from '@emotion/react';
import * as data from '@grafana/data';
import { DataSourcePlugin } from '@grafana/data';
import * as runtime from '@grafana/runtime';
import * as ui from '@grafana/ui';
import lodash from 'lodash';
// eslint-disable-next-line no-restricted-imports -- Grafana shares it with plugins that still want it
import moment from 'moment';
import React from 'react';
import ReactDOM from 'react-dom';
import * as rxjs from 'rxjs';
import * as operators from 'rxjs/operators';

/** What plugins take from Grafana. */
const shared: Record<string, unknown> = {
  react: React,
  'react-dom': ReactDOM,
  rxjs,
  'rxjs/operators': operators,
  lodash,
  moment,
  '@emotion/css': emotionCss,
  '@emotion/react': emotionReact,
  '@grafana/data': data,
  '@grafana/runtime': runtime,
  '@grafana/ui': ui,
};

/** Loads the built module, which is AMD, as Grafana loads it. */
export async function loadPlugin(url: string): Promise<DataSourcePlugin<any, any, any, any>> {
  const source = await (await fetch(url)).text();
  return new Promise((resolve, reject) => {
    const define = (wanted: string[], factory: (...parts: unknown[]) => { plugin: DataSourcePlugin<any> }) => {
      const module = { exports: {}, uri: url };
      const parts = wanted.map((name) => {
        const part = name === 'exports' ? module.exports : name === 'module' ? module : shared[name];
        if (part === undefined) {
          reject(new Error(`the module wants ${name}, which Grafana does not share`));
        }
        return part;
      });
      resolve(factory(...parts).plugin);
    };
    define.amd = {};
    new Function('define', `${source}\n//# sourceURL=${url}`)(define);
  });
}
