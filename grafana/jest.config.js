process.env.TZ = 'UTC';

module.exports = {
  testEnvironment: 'jsdom',
  testTimeout: 60_000, // machines can be slow
  roots: ['<rootDir>/src'],
  setupFiles: ['<rootDir>/jest.polyfills.js'],
  setupFilesAfterEnv: ['<rootDir>/jest.setup.js'],
  moduleNameMapper: {
    '\\.(css|scss|sass)$': 'identity-obj-proxy',
    '\\.svg$': '<rootDir>/jest.file.js',
    '^monaco-editor$': '<rootDir>/jest.file.js',
    'react-inlinesvg': '<rootDir>/jest.file.js',
  },
  // Packages of Grafana bring modules that node cannot load as they are.
  transform: {
    '^.+\\.m?[tj]sx?$': [
      '@swc/jest',
      {
        sourceMaps: 'inline',
        jsc: {
          parser: { syntax: 'typescript', tsx: true, decorators: false, dynamicImport: true },
          target: 'es2022',
          transform: { react: { runtime: 'automatic' } },
        },
      },
    ],
  },
  transformIgnorePatterns: [],
};
