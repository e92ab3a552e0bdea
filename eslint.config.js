// Style is the type checker's and the reader's business; the linter looks for lost promises and impure code.
import tseslint from 'typescript-eslint';

const impure = ['process', 'fetch', 'console', 'crypto', 'Buffer', 'require'].map((name) => ({
  name,
  message: 'workflows/ and config-schema/ are deterministic: no process, network, console or crypto.',
}));

export default tseslint.config(
  { ignores: ['node_modules/', '.cache/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'prefer-const': 'error',
    },
  },
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] }] }] } },
  { files: ['workflows/**/*.ts', 'config-schema/**/*.ts'], ignores: ['**/main.ts', 'workflows/client.ts'], rules: { 'no-restricted-globals': ['error', ...impure] } },
);
