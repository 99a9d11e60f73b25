import grafana from '@grafana/eslint-config/flat.js';
import { defineConfig } from 'eslint/config';

export default defineConfig([
  { ignores: ['dist/', 'lab/dist/', 'lab/screenshots/', 'coverage/', '*.js'] },
  ...[grafana].flat(),
  {
    files: ['**/*.{ts,tsx}'],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-deprecated': 'warn',
      'react/prop-types': 'off',
    },
  },
]);
