export default {
  testEnvironment: 'node',
  // Tests of whole runs wait most of the time, so that two of them can share a core. No test asserts what a clock says.
  maxWorkers: '100%',
  testTimeout: 600_000,
  setupFiles: ['<rootDir>/__tests__/support/property-seed.ts'],
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript' },
          experimental: { keepImportAttributes: true }
        },
        module: { type: 'es6' }
      }
    ]
  },
  modulePathIgnorePatterns: ['<rootDir>/lib/', '<rootDir>/dist/', '<rootDir>/.demo/']
}
