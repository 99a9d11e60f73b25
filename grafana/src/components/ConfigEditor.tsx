import { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { ConfigSection, DataSourceDescription } from '@grafana/plugin-ui';
import { Checkbox, Divider, Field, Input, SecretInput, SecretTextArea } from '@grafana/ui';
import React, { ChangeEvent } from 'react';
import { DoradoOptions, DoradoSecrets } from '../types';

type Props = DataSourcePluginOptionsEditorProps<DoradoOptions, DoradoSecrets>;

const wide = 60;

/** Where dorado serve is, and with what right it is asked. */
export function ConfigEditor({ options, onOptionsChange }: Props) {
  const { jsonData, secureJsonData, secureJsonFields } = options;
  const setOption = (changed: Partial<DoradoOptions>) =>
    onOptionsChange({ ...options, jsonData: { ...jsonData, ...changed } });
  const setSecret = (name: keyof DoradoSecrets, value: string) =>
    onOptionsChange({ ...options, secureJsonData: { ...secureJsonData, [name]: value } });
  const resetSecret = (name: keyof DoradoSecrets) =>
    onOptionsChange({
      ...options,
      secureJsonFields: { ...secureJsonFields, [name]: false },
      secureJsonData: { ...secureJsonData, [name]: '' },
    });
  const secret = (name: keyof DoradoSecrets) => ({
    id: `dorado-${name}`,
    isConfigured: Boolean(secureJsonFields?.[name]),
    value: secureJsonData?.[name] ?? '',
    onReset: () => resetSecret(name),
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => setSecret(name, event.target.value),
  });
  const pem = (name: keyof DoradoSecrets, label: string, what: string) => (
    <Field noMargin label={label} htmlFor={`dorado-${name}`}>
      <SecretTextArea {...secret(name)} cols={wide} rows={5} placeholder={`-----BEGIN ${what}-----`} />
    </Field>
  );

  return (
    <>
      <DataSourceDescription
        dataSourceName="dorado"
        docsLink={`/plugins/dorado-metrics-datasource`}
        hasRequiredFields
      />
      <Divider />
      <ConfigSection title="Connection">
        <Field
          label="URL"
          description="Where dorado serve listens, as seen from Grafana's machine"
          htmlFor="dorado-url"
          required
        >
          <Input
            id="dorado-url"
            width={wide}
            placeholder="http://localhost:8920"
            value={options.url ?? ''}
            onChange={(event) => onOptionsChange({ ...options, url: event.currentTarget.value })}
          />
        </Field>
        <Field
          label="Token"
          description="From: dorado token create grafana --scope metrics,sql. Without the scope sql only SQL queries are refused."
          htmlFor="dorado-token"
        >
          <SecretInput {...secret('token')} width={wide} placeholder="dorado_…" />
        </Field>
        <Field
          label="Timeout"
          description="Seconds until a query is given up; 30 if empty"
          htmlFor="dorado-timeout"
          invalid={jsonData.timeout !== undefined && !(jsonData.timeout > 0)}
          error="A number above 0"
        >
          <Input
            id="dorado-timeout"
            type="number"
            min={1}
            width={20}
            placeholder="30"
            value={jsonData.timeout ?? ''}
            onChange={(event) => {
              const text = event.currentTarget.value;
              setOption({ timeout: text === '' ? undefined : Number(text) });
            }}
          />
        </Field>
      </ConfigSection>
      <Divider />
      <ConfigSection title="Definitions">
        <Field
          label="Definition set"
          description="Of queries that name none; empty for the definitions of the server's configuration"
          htmlFor="dorado-definition-set"
        >
          <Input
            id="dorado-definition-set"
            width={wide}
            value={jsonData.definitionSet ?? ''}
            onChange={(event) => setOption({ definitionSet: event.currentTarget.value || undefined })}
          />
        </Field>
      </ConfigSection>
      <Divider />
      <ConfigSection
        title="TLS"
        description="For an https URL whose certificate this machine does not trust, or that wants one of us"
        isCollapsible
        isInitiallyOpen={Boolean(jsonData.tlsAuth || jsonData.tlsAuthWithCACert || jsonData.tlsSkipVerify)}
      >
        <Checkbox
          label="Trust a certificate of your own"
          value={jsonData.tlsAuthWithCACert ?? false}
          onChange={(event) => setOption({ tlsAuthWithCACert: event.currentTarget.checked })}
        />
        {jsonData.tlsAuthWithCACert && pem('tlsCACert', 'CA certificate', 'CERTIFICATE')}
        <br />
        <Checkbox
          label="Show a client certificate"
          value={jsonData.tlsAuth ?? false}
          onChange={(event) => setOption({ tlsAuth: event.currentTarget.checked })}
        />
        {jsonData.tlsAuth && (
          <>
            <Field noMargin label="Server name" htmlFor="dorado-server-name">
              <Input
                id="dorado-server-name"
                width={wide}
                value={jsonData.serverName ?? ''}
                onChange={(event) => setOption({ serverName: event.currentTarget.value || undefined })}
              />
            </Field>
            {pem('tlsClientCert', 'Client certificate', 'CERTIFICATE')}
            {pem('tlsClientKey', 'Client key', 'PRIVATE KEY')}
          </>
        )}
        <br />
        <Checkbox
          label="Do not verify the server's certificate"
          description="Anybody between could read the token"
          value={jsonData.tlsSkipVerify ?? false}
          onChange={(event) => setOption({ tlsSkipVerify: event.currentTarget.checked })}
        />
      </ConfigSection>
    </>
  );
}
