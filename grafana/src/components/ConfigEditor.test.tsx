import { DataSourceSettings } from '@grafana/data';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React, { useState } from 'react';
import { DoradoOptions, DoradoSecrets } from '../types';
import { ConfigEditor } from './ConfigEditor';

type Settings = DataSourceSettings<DoradoOptions, DoradoSecrets>;

function open(part: Partial<Settings> = {}) {
  const saved = { current: undefined as unknown as Settings };
  function Page() {
    const [options, setOptions] = useState({ url: '', jsonData: {}, secureJsonFields: {}, ...part } as Settings);
    saved.current = options;
    return <ConfigEditor options={options} onOptionsChange={setOptions} />;
  }
  render(<Page />);
  return saved;
}

test('saves the URL, the token encrypted, the timeout and the definition set', async () => {
  const saved = open();
  await userEvent.type(screen.getByLabelText(/^URL/), 'http://dorado:8920');
  await userEvent.type(screen.getByLabelText(/^Token/), 'dorado_secret');
  await userEvent.type(screen.getByLabelText(/^Timeout/), '60');
  await userEvent.type(screen.getByLabelText(/^Definition set/), 'strict');
  expect(saved.current.url).toBe('http://dorado:8920');
  expect(saved.current.secureJsonData).toEqual({ token: 'dorado_secret' });
  expect(saved.current.jsonData).toEqual({ timeout: 60, definitionSet: 'strict' });
  expect(JSON.stringify(saved.current.jsonData)).not.toContain('secret');
});

test('does not show a token that is saved, and resets it', async () => {
  const saved = open({ secureJsonFields: { token: true } });
  expect(screen.getByLabelText(/^Token/)).toBeDisabled();
  await userEvent.click(screen.getByRole('button', { name: 'Reset' }));
  expect(saved.current.secureJsonFields.token).toBe(false);
  expect(screen.getByLabelText(/^Token/)).toBeEnabled();
});

test('an empty timeout is the default, and one that is none is marked', async () => {
  const saved = open({ jsonData: { timeout: 60 } });
  await userEvent.clear(screen.getByLabelText(/^Timeout/));
  expect(saved.current.jsonData.timeout).toBeUndefined();
  await userEvent.type(screen.getByLabelText(/^Timeout/), '0');
  expect(screen.getByText('A number above 0')).toBeInTheDocument();
});

test('takes certificates where they are wanted', async () => {
  const saved = open({ jsonData: { tlsAuthWithCACert: true } });
  await userEvent.type(screen.getByLabelText('CA certificate'), 'pem');
  await userEvent.click(screen.getByLabelText('Show a client certificate'));
  await userEvent.type(screen.getByLabelText('Client key'), 'key');
  expect(saved.current.secureJsonData).toEqual({ tlsCACert: 'pem', tlsClientKey: 'key' });
  expect(saved.current.jsonData.tlsAuth).toBe(true);
});
