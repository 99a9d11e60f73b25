require('@testing-library/jest-dom');
const { configure } = require('@testing-library/react');

// Machines can be slow, and a tree of the whole page says little.
configure({ asyncUtilTimeout: 20_000, getElementError: (message) => new Error(message?.split('\n\n')[0]) });

// The editor of SQL and the lists of comboboxes need a real browser, where the lab's
// test has them; here are plain elements.
jest.mock('@grafana/plugin-ui', () => ({
  ...jest.requireActual('@grafana/plugin-ui'),
  SQLEditor: ({ query, onChange }) => {
    const { createElement } = require('react');
    return createElement('textarea', {
      'aria-label': 'SQL',
      value: query,
      onChange: (event) => onChange(event.target.value, false),
    });
  },
}));
jest.mock('@grafana/ui', () => ({
  ...jest.requireActual('@grafana/ui'),
  Combobox: ({ id, options, value, onChange }) => {
    const { createElement } = require('react');
    const items = options.map((option) =>
      createElement('option', { key: option.value, value: option.value }, option.label ?? option.value)
    );
    const change = (event) => onChange(options.find((option) => option.value === event.target.value));
    return createElement(
      'select',
      { id, value: value ?? '', onChange: change },
      createElement('option', { value: '', hidden: true }),
      items
    );
  },
  MultiCombobox: ({ id, value, onChange }) => {
    const { createElement } = require('react');
    const change = (event) =>
      onChange(
        event.target.value
          .split(',')
          .filter(Boolean)
          .map((one) => ({ value: one }))
      );
    return createElement('input', { id, value: value.join(','), onChange: change });
  },
}));
